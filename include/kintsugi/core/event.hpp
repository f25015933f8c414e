#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace kintsugi {

/// What a step of the search did; its value is the letter that stands for it in logs and files.
enum class Event : char {
  start = 'S',
  bubble = 'B',
  insertion = 'I',
  relocation = 'R',
  tabu = 'T',
  gauss_newton = 'L',
  depth = 'D',
  pair_decoding = 'Q',
  ensemble = 'E',
  annealing = 'A',
  pair_relaxation = 'X',
  mean_field = 'F',
  pair_exchange = 'P',
  kick = 'K',
  crossover = 'C',
  restart = 'N',
  migrant = 'M',
  growth = 'G',
};

struct EventName {
  Event event;
  std::string_view words;
};

/// All events in words, in the order of legends.
inline constexpr std::array<EventName, 18> kEventNames{{
    {Event::start, "start"},
    {Event::bubble, "bubble repair"},
    {Event::insertion, "insertion"},
    {Event::relocation, "relocation"},
    {Event::tabu, "tabu"},
    {Event::gauss_newton, "Gauss-Newton"},
    {Event::pair_decoding, "near pairs decided"},
    {Event::depth, "depth by weights"},
    {Event::ensemble, "ensemble of orders"},
    {Event::annealing, "annealing"},
    {Event::pair_relaxation, "pair relaxation"},
    {Event::mean_field, "mean field"},
    {Event::pair_exchange, "pair exchange"},
    {Event::kick, "kick"},
    {Event::crossover, "crossover"},
    {Event::restart, "new random start"},
    {Event::migrant, "migrant"},
    {Event::growth, "larger sample"},
}};

[[nodiscard]] constexpr char letter(Event event) { return static_cast<char>(event); }

/// The event that a letter stands for; none for an unknown one.
[[nodiscard]] constexpr std::optional<Event> event_of(char letter) {
  for (const EventName& name : kEventNames) {
    if (kintsugi::letter(name.event) == letter) return name.event;
  }
  return std::nullopt;
}

}  // namespace kintsugi
