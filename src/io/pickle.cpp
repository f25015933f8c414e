#include "io/pickle.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "io/pickle_calls.hpp"
#include "io/pickle_opcodes.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::pickle {

namespace {

class Machine {
 public:
  Machine(std::span<const char> code, const std::string& origin, bool is_inner) : code_(code), origin_(origin) {
    heap_.is_inner = is_inner;
  }

  Result run() {
    for (std::size_t opcodes = 0;; ++opcodes) {
      if (opcodes == kMaxOpcodes) fail("has more than " + std::to_string(kMaxOpcodes) + " opcodes");
      place_ = at_;
      const auto opcode = static_cast<unsigned char>(*take(1));
      if (opcode == kStop) break;
      if (!take_plain(opcode)) take_made(opcode);
      if (at_ > kMaxBytes) fail("is larger than " + std::to_string(kMaxBytes) + " bytes");
      if (stack_.size() > kMaxStack || marks_.size() > kMaxStack) fail("nests too deeply");
    }
    if (stack_.size() != 1 || !marks_.empty()) fail("does not end with one value");
    return {std::move(heap_), stack_.back(), at_};
  }

 private:
  [[noreturn]] void fail(const std::string& rule) const {
    throw InputError(origin_ + ", byte " + std::to_string(place_) + ": " + rule);
  }

  /// Numbers, texts and the stack; false for another opcode.
  bool take_plain(unsigned char opcode) {
    switch (opcode) {
      case kProto: protocol(); return true;
      case kFrame: frame(); return true;
      case kMark: marks_.push_back(stack_.size()); return true;
      case kPop: drop(); return true;
      case kPopMark: pop_to_mark(); return true;
      case kDup: push(top()); return true;
      case kNone: push(Kind::none, 0); return true;
      case kNewTrue: push(Kind::boolean, 1); return true;
      case kNewFalse: push(Kind::boolean, 0); return true;
      case kInt:
      case kLong: decimal(line()); return true;
      case kFloat:
        line();
        push(Kind::number, 0);
        return true;
      case kBinInt: push(Kind::integer, static_cast<std::int32_t>(little(4))); return true;
      case kBinInt1: push(Kind::integer, static_cast<std::int64_t>(little(1))); return true;
      case kBinInt2: push(Kind::integer, static_cast<std::int64_t>(little(2))); return true;
      case kLong1: long_integer(little(1)); return true;
      case kLong4: long_integer(little(4)); return true;
      case kBinFloat: real(std::bit_cast<double>(__builtin_bswap64(little(8)))); return true;
      case kString: quoted(line()); return true;
      case kUnicode: push(heap_.add_text(line())); return true;
      case kBinString:
      case kBinUnicode: text(Kind::text, little(4)); return true;
      case kShortBinString:
      case kShortBinUnicode: text(Kind::text, little(1)); return true;
      case kBinUnicode8: text(Kind::text, little(8)); return true;
      case kBinBytes: text(Kind::bytes, little(4)); return true;
      case kShortBinBytes: text(Kind::bytes, little(1)); return true;
      case kBinBytes8:
      case kByteArray8: text(Kind::bytes, little(8)); return true;
      default: return false;
    }
  }

  /// What is made of what lies on the stack, and the memo.
  void take_made(unsigned char opcode) {
    switch (opcode) {
      case kEmptyTuple: return sequence(Kind::tuple, {});
      case kTuple: return sequence(Kind::tuple, pop_to_mark());
      case kTuple1: return sequence(Kind::tuple, pop_last(1));
      case kTuple2: return sequence(Kind::tuple, pop_last(2));
      case kTuple3: return sequence(Kind::tuple, pop_last(3));
      case kEmptySet:
      case kEmptyList: return sequence(Kind::list, {});
      case kFrozenSet:
      case kList: return sequence(Kind::list, pop_to_mark());
      case kAppend: return append(pop_last(1));
      case kAddItems:
      case kAppends: return append(pop_to_mark());
      case kEmptyDict: return push(heap_.add_dict());
      case kDict: return dict(pop_to_mark());
      case kSetItem: return set_items(pop_last(2));
      case kSetItems: return set_items(pop_to_mark());
      case kPut: return put(slot(line()));
      case kBinPut: return put(little(1));
      case kLongBinPut: return put(little(4));
      case kMemoize: return put(memo_.size());
      case kGet: return get(slot(line()));
      case kBinGet: return get(little(1));
      case kLongBinGet: return get(little(4));
      case kGlobal: return global();
      case kStackGlobal: return stack_global();
      case kReduce: return reduce();
      case kInst: return instance();
      case kObj: return object();
      case kNewObj: return new_object(pop_last(2));
      case kNewObjEx: return new_object(pop_last(3));
      case kBuild: return build();
      case kBinPersId: return persistent();
      default: fail("opcode " + std::to_string(opcode) + " is not read");
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
    const auto rest = code_.subspan(at_);
    const auto end = std::find(rest.begin(), rest.end(), '\n');
    if (end == rest.end()) fail("ends in a line of text");
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

  /// Takes the last value away, or the mark on top of it.
  void drop() {
    if (available() == 0 && !marks_.empty()) {
      marks_.pop_back();
    } else {
      pop();
    }
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
    constexpr std::uint64_t kNewest = 5;
    if (version > kNewest) fail("pickle protocol " + std::to_string(version) + " is not 0 to 5");
  }

  void frame() {
    if (little(8) > code_.size() - at_) fail("a frame is longer than the pickle");
  }

  void long_integer(std::uint64_t bytes) {
    if (bytes > sizeof(std::int64_t)) {
      take(bytes);
      return push(Kind::number, 0);
    }
    const std::uint64_t value = little(bytes);
    const std::uint64_t missing = 64 - 8 * bytes;
    if (bytes > 0 && missing > 0) {  // extend the sign
      push(Kind::integer, static_cast<std::int64_t>(value << missing) >> missing);
    } else {
      push(Kind::integer, static_cast<std::int64_t>(value));
    }
  }

  /// An integer as a text: "12", "12L", and "00" and "01" for False and True.
  void decimal(std::string digits) {
    if (digits == "00" || digits == "01") return push(Kind::boolean, digits == "01" ? 1 : 0);
    if (digits.ends_with('L')) digits.pop_back();
    std::int64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [next, error] = std::from_chars(digits.data(), end, value);
    if (error == std::errc::result_out_of_range) return push(Kind::number, 0);
    if (error != std::errc{} || next != end) fail("'" + printable(digits) + "' is no integer");
    push(Kind::integer, value);
  }

  void real(double value) { push(Kind::number, std::bit_cast<std::int64_t>(value)); }

  void quoted(std::string literal) {
    const bool is_quoted =
        literal.size() >= 2 && literal.front() == literal.back() && (literal.front() == '\'' || literal.front() == '"');
    if (!is_quoted) fail("a text has no quotes");
    push(heap_.add_text(literal.substr(1, literal.size() - 2)));
  }

  void text(Kind kind, std::uint64_t length) {
    const char* first = take(length);
    push(heap_.add_text(std::string(first, length), kind));
  }

  void sequence(Kind kind, std::vector<Value> values) { push(heap_.add_sequence(std::move(values), kind)); }

  void append(const std::vector<Value>& values) {
    const Value target = top();
    if (target.kind == Kind::object) {
      for (const Value& value : values) heap_.objects[position(target)].items.emplace_back(Value{}, value);
      return;
    }
    if (target.kind != Kind::list) fail("appends to what is not a list");
    std::vector<Value>& list = heap_.sequences[position(target)];
    list.insert(list.end(), values.begin(), values.end());
  }

  void dict(const std::vector<Value>& values) {
    push(heap_.add_dict());
    set_items(values);
  }

  void set_items(const std::vector<Value>& values) {
    const Value target = top();
    if (target.kind != Kind::dict && target.kind != Kind::object) fail("sets items of what is not a dict");
    if (values.size() % 2 != 0) fail("sets a key without a value");
    auto& items = target.kind == Kind::dict ? heap_.dicts[position(target)] : heap_.objects[position(target)].items;
    for (std::size_t i = 0; i < values.size(); i += 2) items.emplace_back(values[i], values[i + 1]);
  }

  std::uint64_t slot(const std::string& digits) {
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [next, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || next != end) fail("'" + printable(digits) + "' is no place in the memo");
    return value;
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
    push_guarded([&] { return find_global(heap_, module, name); });
  }

  void stack_global() {
    const std::vector<Value> names = pop_last(2);
    if (names[0].kind != Kind::text || names[1].kind != Kind::text) fail("a global's name is not a text");
    push_guarded([&] {
      const std::string module = heap_.text(names[0]);
      const std::string name = heap_.text(names[1]);
      return find_global(heap_, module, name);
    });
  }

  void reduce() {
    const Value arguments = pop();
    const Value callee = pop();
    push_guarded([&] { return call(heap_, callee, arguments); });
  }

  /// A class's name in the code, its arguments above the mark.
  void instance() {
    std::vector<Value> arguments = pop_to_mark();
    global();
    sequence(Kind::tuple, std::move(arguments));
    new_object(pop_last(2));
  }

  /// The same with the class above the mark.
  void object() {
    const std::vector<Value> values = pop_to_mark();
    if (values.empty()) fail("makes an object of no class");
    push(values[0]);
    sequence(Kind::tuple, {values.begin() + 1, values.end()});
    new_object(pop_last(2));
  }

  /// Class and arguments, and maybe arguments with names.
  void new_object(const std::vector<Value>& parts) {
    if (parts[0].kind != Kind::global) fail("makes an object of what is not a class");
    push_guarded([&] { return call(heap_, parts[0], parts[1]); });
  }

  /// A dict's attributes (state_dict hangs `_metadata` on an OrderedDict) say nothing about tensors.
  void build() {
    const Value state = pop();
    if (top().kind == Kind::dict) return;
    if (top().kind != Kind::object) fail("sets the state of what is not an object");
    heap_.objects[position(top())].state = state;
  }

  void persistent() {
    const Value id = pop();
    push_guarded([&] { return load_persistent(heap_, id); });
  }

  static std::size_t position(Value value) { return static_cast<std::size_t>(value.number); }

  /// Adds the place to the rule that `work` throws.
  template <class Work>
  void push_guarded(Work work) {
    try {
      push(work());
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

Result run(std::span<const char> code, const std::string& origin, bool is_inner) {
  return Machine(code, origin, is_inner).run();
}

}  // namespace kintsugi::pickle
