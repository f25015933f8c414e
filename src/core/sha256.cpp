#include "core/sha256.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi {

namespace {

void require_done(int result) {
  if (result != 1) throw InternalError("libcrypto works out no SHA-256");
}

/// libcrypto would read its configuration file, which takes longer than most sums.
void start_libcrypto() {
  static const int done = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  require_done(done);
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() {
  start_libcrypto();
  context_.reset(EVP_MD_CTX_new());
  require_done(context_ ? EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) : 0);
}

void Sha256::add(std::string_view bytes) { require_done(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  require_done(EVP_DigestFinal_ex(context_.get(), digest.data(), &length));
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

std::string sha256_hex(std::string_view text) {
  Sha256 sum;
  sum.add(text);
  return sum.hex();
}

}  // namespace kintsugi
