#include "io/pickle.hpp"

#include <algorithm>
#include <cstring>

#include "io/pickle_calls.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::pickle {

namespace {

/// The allow-list, by the names of CPython's pickletools.
enum Opcode : unsigned char {
  kProto = 0x80,
  kFrame = 0x95,
  kMark = '(',
  kStop = '.',
  kNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kBinFloat = 'G',
  kBinUnicode = 'X',
  kShortBinUnicode = 0x8c,
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kMemoize = 0x94,
  kBinGet = 'h',
  kLongBinGet = 'j',
  kGlobal = 'c',
  kStackGlobal = 0x93,
  kReduce = 'R',
  kBuild = 'b',
  kBinPersId = 'Q',
};

class Machine {
 public:
  Machine(std::span<const char> code, const std::string& origin) : code_(code), origin_(origin) {}

  Result run() {
    if (code_.size() > kMaxBytes) fail("is larger than " + std::to_string(kMaxBytes) + " bytes");
    for (std::size_t opcodes = 0;; ++opcodes) {
      if (opcodes == kMaxOpcodes) fail("has more than " + std::to_string(kMaxOpcodes) + " opcodes");
      place_ = at_;
      const auto opcode = static_cast<unsigned char>(*take(1));
      if (opcode == kStop) break;
      step(opcode);
      if (stack_.size() > kMaxStack || marks_.size() > kMaxStack) fail("nests too deeply");
    }
    if (stack_.size() != 1 || !marks_.empty()) fail("does not end with one value");
    if (at_ != code_.size()) fail("has bytes after its end");
    return {std::move(heap_), stack_.back()};
  }

 private:
  [[noreturn]] void fail(const std::string& rule) const {
    throw InputError(origin_ + ", byte " + std::to_string(place_) + ": " + rule);
  }

  void step(unsigned char opcode) {
    switch (opcode) {
      case kProto: return protocol();
      case kFrame: return frame();
      case kMark: return marks_.push_back(stack_.size());
      case kNone: return push(Kind::none, 0);
      case kNewTrue: return push(Kind::boolean, 1);
      case kNewFalse: return push(Kind::boolean, 0);
      case kBinInt: return push(Kind::integer, static_cast<std::int32_t>(little(4)));
      case kBinInt1: return push(Kind::integer, static_cast<std::int64_t>(little(1)));
      case kBinInt2: return push(Kind::integer, static_cast<std::int64_t>(little(2)));
      case kLong1: return long_integer();
      case kBinFloat: take(8); return push(Kind::real, 0);  // no tensor depends on one
      case kBinUnicode: return text(little(4));
      case kShortBinUnicode: return text(little(1));
      case kEmptyTuple: return sequence(Kind::tuple, {});
      case kTuple: return sequence(Kind::tuple, pop_to_mark());
      case kTuple1: return sequence(Kind::tuple, pop_last(1));
      case kTuple2: return sequence(Kind::tuple, pop_last(2));
      case kTuple3: return sequence(Kind::tuple, pop_last(3));
      case kEmptyList: return sequence(Kind::list, {});
      case kAppend: return append(pop_last(1));
      case kAppends: return append(pop_to_mark());
      case kEmptyDict: return push(new_dict(heap_));
      case kSetItem: return set_items(pop_last(2));
      case kSetItems: return set_items(pop_to_mark());
      case kBinPut: return put(little(1));
      case kLongBinPut: return put(little(4));
      case kMemoize: return put(memo_.size());
      case kBinGet: return get(little(1));
      case kLongBinGet: return get(little(4));
      case kGlobal: return global();
      case kStackGlobal: return stack_global();
      case kReduce: return reduce();
      case kBuild: return build();
      case kBinPersId: return persistent();
      default: fail("opcode " + std::to_string(opcode) + " is not allowed in a state_dict");
    }
  }

  // ---- the code's bytes ----

  const char* take(std::uint64_t count) {
    if (count > code_.size() - at_) fail("ends too early");
    at_ += count;
    return code_.data() + (at_ - count);
  }

  std::uint64_t little(std::size_t bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, take(bytes), bytes);
    return value;
  }

  std::string line() {
    constexpr std::size_t kMaxName = 256;
    const auto rest = code_.subspan(at_, std::min(code_.size() - at_, kMaxName));
    const auto end = std::find(rest.begin(), rest.end(), '\n');
    if (end == rest.end()) fail("a global's name does not end");
    std::string name(rest.begin(), end);
    at_ += name.size() + 1;
    return name;
  }

  // ---- the stack ----

  void push(Value value) { stack_.push_back(value); }
  void push(Kind kind, std::int64_t number) { stack_.push_back({kind, number}); }

  /// What may be popped now: everything above the last mark.
  [[nodiscard]] std::size_t available() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  Value& top() {
    if (available() == 0) fail("takes a value from an empty stack");
    return stack_.back();
  }

  Value pop() {
    const Value value = top();
    stack_.pop_back();
    return value;
  }

  std::vector<Value> pop_last(std::size_t count) {
    if (available() < count) fail("takes a value from an empty stack");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<Value> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    return values;
  }

  std::vector<Value> pop_to_mark() {
    if (marks_.empty()) fail("has no mark to go back to");
    std::vector<Value> values = pop_last(available());
    marks_.pop_back();
    return values;
  }

  // ---- opcodes ----

  void protocol() {
    const std::uint64_t version = little(1);
    constexpr std::uint64_t kOldest = 2;
    constexpr std::uint64_t kNewest = 5;
    if (version < kOldest || version > kNewest) fail("pickle protocol " + std::to_string(version) + " is not 2 to 5");
  }

  void frame() {
    if (little(8) > code_.size() - at_) fail("a frame is longer than the pickle");
  }

  void long_integer() {
    const std::uint64_t bytes = little(1);
    if (bytes > 8) fail("an integer does not fit 64 bits");
    std::uint64_t value = little(bytes);
    const std::uint64_t missing = 64 - 8 * bytes;
    if (bytes > 0 && missing > 0) {  // extend the sign
      push(Kind::integer, static_cast<std::int64_t>(value << missing) >> missing);
    } else {
      push(Kind::integer, static_cast<std::int64_t>(value));
    }
  }

  void text(std::uint64_t length) {
    const char* first = take(length);
    heap_.texts.emplace_back(first, length);
    push(Kind::text, static_cast<std::int64_t>(heap_.texts.size() - 1));
  }

  void sequence(Kind kind, std::vector<Value> values) {
    heap_.sequences.push_back(std::move(values));
    push(kind, static_cast<std::int64_t>(heap_.sequences.size() - 1));
  }

  void append(const std::vector<Value>& values) {
    if (top().kind != Kind::list) fail("appends to what is not a list");
    std::vector<Value>& list = heap_.sequences[static_cast<std::size_t>(top().number)];
    list.insert(list.end(), values.begin(), values.end());
  }

  void set_items(const std::vector<Value>& values) {
    if (top().kind != Kind::dict) fail("sets items of what is not a dict");
    if (values.size() % 2 != 0) fail("sets a key without a value");
    auto& dict = heap_.dicts[static_cast<std::size_t>(top().number)];
    for (std::size_t i = 0; i < values.size(); i += 2) dict.emplace_back(values[i], values[i + 1]);
  }

  void put(std::uint64_t slot) {
    if (slot >= kMaxMemo) fail("memo slot " + std::to_string(slot) + " is too high");
    if (slot >= memo_.size()) memo_.resize(slot + 1, {Kind::none, kEmptySlot});
    memo_[slot] = top();
  }

  void get(std::uint64_t slot) {
    if (slot >= memo_.size() || (memo_[slot].kind == Kind::none && memo_[slot].number == kEmptySlot)) {
      fail("memo slot " + std::to_string(slot) + " is empty");
    }
    push(memo_[slot]);
  }

  void global() {
    const std::string module = line();
    const std::string name = line();
    push(guarded([&] { return find_global(module, name); }));
  }

  void stack_global() {
    const std::vector<Value> names = pop_last(2);
    if (names[0].kind != Kind::text || names[1].kind != Kind::text) fail("a global's name is not a text");
    push(guarded([&] {
      return find_global(heap_.texts[static_cast<std::size_t>(names[0].number)],
                         heap_.texts[static_cast<std::size_t>(names[1].number)]);
    }));
  }

  void reduce() {
    const Value arguments = pop();
    const Value callee = pop();
    push(guarded([&] { return call(heap_, callee, arguments); }));
  }

  /// An OrderedDict's attributes (state_dict hangs `_metadata` on it) say nothing about tensors.
  void build() {
    const Value state = pop();
    if (top().kind != Kind::dict || state.kind != Kind::dict) fail("sets the state of what is not a dict");
  }

  void persistent() {
    const Value id = pop();
    push(guarded([&] { return load_storage(heap_, id); }));
  }

  /// Adds the place to the rule that `work` throws.
  template <class Work>
  Value guarded(Work work) {
    try {
      return work();
    } catch (const BrokenRule& broken) {
      fail(broken.rule);
    }
  }

  static constexpr std::int64_t kEmptySlot = -1;

  std::span<const char> code_;
  const std::string& origin_;
  std::size_t at_ = 0;
  std::size_t place_ = 0;
  std::vector<Value> stack_;
  std::vector<std::size_t> marks_;
  std::vector<Value> memo_;
  Heap heap_;
};

}  // namespace

Result run(std::span<const char> code, const std::string& origin) { return Machine(code, origin).run(); }

std::string printable(const std::string& text) {
  constexpr std::size_t kLongest = 80;
  std::string result = text.substr(0, kLongest);
  for (char& c : result) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text.size() > kLongest ? result + "..." : result;
}

}  // namespace kintsugi::pickle
