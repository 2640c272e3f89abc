// The only includer of cairo. Everything is in pixels from the top left corner.
#include "producer/command/report_png.h"

#include <cairo.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>

namespace farm::command {
namespace {

constexpr int kWidth = 1200;
constexpr int kHeight = 900;
constexpr double kMargin = 40;
constexpr double kHalf = 600;
constexpr std::size_t kVerdicts = static_cast<std::size_t>(Verdict::kNotRun) + 1;

struct Colour {
  double red, green, blue;
};
constexpr Colour kInk{0.13, 0.15, 0.18};
constexpr Colour kFaint{0.45, 0.48, 0.52};
constexpr Colour kLine{0.86, 0.87, 0.89};

// Green passes, warm fails, blue and violet are no reward, red is ours.
constexpr std::array<Colour, kVerdicts> kColours = {{
    {0.22, 0.63, 0.36},  // accepted
    {0.95, 0.69, 0.25},  // wrong_answer
    {0.90, 0.49, 0.20},  // runtime_error
    {0.72, 0.53, 0.04},  // time_limit
    {0.80, 0.62, 0.45},  // memory_limit
    {0.60, 0.45, 0.30},  // output_limit
    {0.98, 0.84, 0.55},  // compile_error
    {0.35, 0.55, 0.85},  // rejected
    {0.55, 0.70, 0.92},  // expired
    {0.62, 0.52, 0.80},  // cancelled
    {0.82, 0.18, 0.22},  // farm_error
    {0.70, 0.70, 0.70},  // not_run
}};
Colour colour_of(Verdict verdict) { return kColours[static_cast<std::size_t>(verdict)]; }

std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", 100 * share);
  return text.data();
}
double share_of(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

class Page {
 public:
  explicit Page(cairo_t* cairo) : cairo_(cairo) {}

  void fill(double x, double y, double width, double height, Colour colour) {
    use(colour);
    cairo_rectangle(cairo_, x, y, width, height);
    cairo_fill(cairo_);
  }
  void line(double x, double y, double to_x, double to_y, Colour colour, double width = 1) {
    use(colour);
    cairo_set_line_width(cairo_, width);
    cairo_move_to(cairo_, x, y);
    cairo_line_to(cairo_, to_x, to_y);
    cairo_stroke(cairo_);
  }
  void dot(double x, double y, double radius, Colour colour) {
    use(colour);
    cairo_arc(cairo_, x, y, radius, 0, 6.283185307179586);
    cairo_fill(cairo_);
  }
  // `y` is the base line. Align: 0 begins at x, 0.5 is centred there, 1 ends there.
  void text(double x, double y, const std::string& text, double size, Colour colour,
            double align = 0, bool bold = false) {
    use(colour);
    cairo_select_font_face(cairo_, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo_, size);
    cairo_text_extents_t extents;
    cairo_text_extents(cairo_, text.c_str(), &extents);
    cairo_move_to(cairo_, x - align * extents.x_advance, y);
    cairo_show_text(cairo_, text.c_str());
  }
  void heading(double x, double y, const std::string& words) {
    text(x, y, words, 17, kInk, 0, true);
  }

 private:
  void use(Colour colour) { cairo_set_source_rgb(cairo_, colour.red, colour.green, colour.blue); }
  cairo_t* cairo_;
};

void draw_head(Page& page, const Report& report) {
  const Tally& tally = report.all.tally;
  page.text(kMargin, 58, "gradefarm report", 26, kInk, 0, true);
  std::string line = std::to_string(tally.total()) + " results,  " +
                     percent(share_of(tally.of(Verdict::kAccepted), tally.total())) +
                     " accepted,  " + percent(share_of(tally.masked(), tally.total())) + " masked";
  if (report.unreadable > 0)
    line += ",  " + std::to_string(report.unreadable) + " lines unreadable";
  page.text(kMargin, 84, line, 15, kFaint);
}

void draw_verdicts(Page& page, const Report& report) {
  constexpr double kTop = 130;
  constexpr double kBar = kMargin + 120;
  constexpr double kBarWidth = 280;
  constexpr double kRow = 25;
  page.heading(kMargin, kTop, "Verdicts");
  const Tally& tally = report.all.tally;
  std::int64_t most = 1;
  for (std::size_t i = 0; i < kVerdicts; ++i)
    most = std::max(most, tally.of(static_cast<Verdict>(i)));
  double y = kTop + 18;
  for (std::size_t i = 0; i + 1 < kVerdicts; ++i) {  // not_run is of cases only
    const auto verdict = static_cast<Verdict>(i);
    const std::int64_t count = tally.of(verdict);
    const double width = kBarWidth * share_of(count, most);
    page.text(kBar - 10, y + 15, std::string(word(verdict)), 13, count > 0 ? kInk : kFaint, 1);
    page.fill(kBar, y + 2, std::max(width, count > 0 ? 1.5 : 0), kRow - 7, colour_of(verdict));
    page.text(
        kBar + width + 8, y + 15,
        count == 0 ? "0" : std::to_string(count) + "   " + percent(share_of(count, tally.total())),
        13, count > 0 ? kInk : kFaint);
    y += kRow;
  }
}

// A logarithmic axis from 1 ms to the power of ten above the largest value.
class TimeAxis {
 public:
  TimeAxis(double left, double width, Milliseconds most) : left_(left), width_(width) {
    while (std::pow(10, decades_) < static_cast<double>(most.count())) ++decades_;
  }
  int decades() const { return decades_; }
  double at(double ms) const { return left_ + width_ * std::log10(std::max(ms, 1.0)) / decades_; }
  double at(Milliseconds ms) const { return at(static_cast<double>(ms.count())); }

 private:
  double left_, width_;
  int decades_ = 1;
};

void draw_latencies(Page& page, const Report& report) {
  constexpr double kTop = 130;
  constexpr double kLeft = kHalf + 110;
  constexpr double kRight = kWidth - kMargin - 20;
  constexpr double kRow = 58;
  page.heading(kHalf + 40, kTop, "Latencies");
  page.text(kLeft + 45, kTop, "p50, p90, p99 and the largest, of what was graded", 12, kFaint);
  Milliseconds most{1};
  for (const Phase phase : kPhases) most = std::max(most, report.all.of(phase).max);
  const TimeAxis axis(kLeft, kRight - kLeft, most);
  const double bottom = kTop + 30 + kRow * static_cast<double>(kPhases.size());
  for (int decade = 0; decade <= axis.decades(); ++decade) {
    const double x = axis.at(std::pow(10, decade));
    page.line(x, kTop + 20, x, bottom, kLine);
    page.text(x, bottom + 18,
              short_duration(Milliseconds(static_cast<std::int64_t>(std::pow(10, decade)))), 12,
              kFaint, 0.5);
  }
  constexpr Colour kBlue{0.20, 0.42, 0.72};
  double y = kTop + 48;
  for (const Phase phase : kPhases) {
    const Percentiles& latency = report.all.of(phase);
    page.text(kLeft - 14, y + 5, std::string(word(phase)), 14, kInk, 1);
    page.line(axis.at(latency.p50), y, axis.at(latency.max), y, kLine, 4);
    page.line(axis.at(latency.p50), y, axis.at(latency.p99), y, kBlue, 4);
    page.dot(axis.at(latency.max), y, 4, kFaint);
    page.dot(axis.at(latency.p99), y, 5, kBlue);
    page.dot(axis.at(latency.p90), y, 5, kBlue);
    page.dot(axis.at(latency.p50), y, 7, kBlue);
    page.text(kLeft, y + 25,
              short_duration(latency.p50) + "   " + short_duration(latency.p90) + "   " +
                  short_duration(latency.p99) + "   " + short_duration(latency.max),
              12, kFaint);
    y += kRow;
  }
}

void draw_suspicions(Page& page, const Report& report) {
  constexpr double kTop = 470;
  page.heading(kMargin, kTop, "Suspicious exits");
  double y = kTop + 28;
  for (const Suspicion& suspicion : report.suspicions) {
    const Colour colour = suspicion.count > 0 ? kInk : kFaint;
    page.text(kMargin + 60, y, std::to_string(suspicion.count), 14, colour, 1, suspicion.count > 0);
    page.text(kMargin + 72, y, suspicion.what, 14, colour);
    y += 22;
  }
}

// One column a part, the shares of its verdicts stacked.
void draw_course(Page& page, const Breakdown& breakdown) {
  constexpr double kTop = 620;
  constexpr double kHeightOfBars = 190;
  constexpr double kBottom = kTop + 24 + kHeightOfBars;
  page.heading(kMargin, kTop, "Verdicts by " + std::string(word(breakdown.by)));
  if (breakdown.left_out > 0) {
    page.text(kWidth - kMargin, kTop,
              std::to_string(breakdown.left_out) +
                  (breakdown.by == By::kStep ? " earlier ones left out" : " smaller ones left out"),
              12, kFaint, 1);
  }
  const double column =
      std::min(140.0, (kWidth - 2 * kMargin) /
                          static_cast<double>(std::max<std::size_t>(breakdown.parts.size(), 1)));
  double x = kMargin;
  for (const ReportPart& part : breakdown.parts) {
    double y = kBottom;
    for (std::size_t i = 0; i < kVerdicts; ++i) {
      const auto verdict = static_cast<Verdict>(i);
      const double height = kHeightOfBars * share_of(part.tally.of(verdict), part.tally.total());
      y -= height;
      page.fill(x + 3, y, column - 6, height, colour_of(verdict));
    }
    // As much of the name as fits: about 7 pixels a character.
    const auto fits = static_cast<std::size_t>(column / 7.0);
    std::string name = part.key;
    if (name.size() > fits) {
      std::size_t cut = std::max<std::size_t>(fits, 2) - 1;
      while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0) == 0x80) --cut;
      name = name.substr(0, cut) + "…";
    }
    page.text(x + column / 2, kBottom + 18, name, 12, kInk, 0.5);
    page.text(x + column / 2, kBottom + 34, std::to_string(part.tally.total()), 11, kFaint, 0.5);
    x += column;
  }
  page.line(kMargin, kBottom, kWidth - kMargin, kBottom, kFaint);
}

// The breakdown worth a picture: the steps where there are some, else the first one asked for.
const Breakdown* course_of(const Report& report) {
  for (const Breakdown& breakdown : report.breakdowns) {
    if (breakdown.by == By::kStep && breakdown.parts.size() > 1) return &breakdown;
  }
  return report.breakdowns.empty() ? nullptr : &report.breakdowns.front();
}

}  // namespace

Expected<Done> write_report_png(const Report& report, const std::string& path) {
  const std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, kWidth, kHeight), cairo_surface_destroy);
  const std::unique_ptr<cairo_t, void (*)(cairo_t*)> cairo(cairo_create(surface.get()),
                                                           cairo_destroy);
  Page page(cairo.get());
  page.fill(0, 0, kWidth, kHeight, {1, 1, 1});
  draw_head(page, report);
  draw_verdicts(page, report);
  draw_latencies(page, report);
  draw_suspicions(page, report);
  if (const Breakdown* course = course_of(report)) draw_course(page, *course);
  const cairo_status_t drawn = cairo_status(cairo.get());
  const cairo_status_t status = drawn != CAIRO_STATUS_SUCCESS
                                    ? drawn
                                    : cairo_surface_write_to_png(surface.get(), path.c_str());
  if (status != CAIRO_STATUS_SUCCESS)
    return internal_error("write " + path + ": " + cairo_status_to_string(status));
  return Done{};
}

}  // namespace farm::command
