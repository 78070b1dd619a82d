//! One plot over the time of the day: lines or stacked areas, the phases behind them, and the same figures as a table. Labels are text
//! beside the drawing, so that they stay readable at any width. Never here: what is plotted.

use super::super::book::{Closed, STEP};
use std::fmt::Write as _;

/// The drawing's own units, stretched to whatever room there is.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 100.0;
/// Lowest value of a logarithmic scale: milliseconds.
const LOG_FLOOR: f64 = 1.0;

/// How values become a drawing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A line each.
    Lines,
    /// A line each, on a logarithmic scale.
    LogLines,
    /// Areas on top of each other: their edge is the sum.
    Stack,
}

/// How the values of one phase become one figure of the table.
#[derive(Clone, Copy)]
pub(super) enum Sum {
    /// Their mean.
    Mean,
    /// The highest.
    Highest,
}

/// One line or area.
pub(super) struct Series {
    pub name: &'static str,
    /// Which of the five colours.
    pub colour: usize,
    /// One value for each step; `None` where there is nothing to say.
    pub values: Vec<Option<f64>>,
}

/// A plot.
pub(super) struct Plot {
    pub title: &'static str,
    pub unit: &'static str,
    pub kind: Kind,
    pub sum: Sum,
    pub series: Vec<Series>,
}

struct Scale {
    top: f64,
    is_log: bool,
    seconds: f64,
}

impl Scale {
    fn of(plot: &Plot, seconds: f64) -> Self {
        let steps = plot.series.iter().map(|series| series.values.len()).max().unwrap_or_default();
        let highest = match plot.kind {
            Kind::Stack => (0..steps).map(|step| plot.series.iter().filter_map(|series| value(series, step)).sum()).fold(1.0, f64::max),
            Kind::Lines | Kind::LogLines => {
                plot.series.iter().flat_map(|series| series.values.iter().flatten()).copied().fold(1.0, f64::max)
            }
        };
        let is_log = plot.kind == Kind::LogLines;
        Self { top: if is_log { next_decade(highest) } else { round_up(highest) }, is_log, seconds: seconds.max(1.0) }
    }

    fn x(&self, at: f64) -> f64 {
        WIDTH * (at / self.seconds).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        let part = if self.is_log { (value.max(LOG_FLOOR) / LOG_FLOOR).log10() / (self.top / LOG_FLOOR).log10() } else { value / self.top };
        HEIGHT * (1.0 - part.clamp(0.0, 1.0))
    }

    fn ticks(&self) -> Vec<f64> {
        if !self.is_log {
            return [0.0, 0.25, 0.5, 0.75, 1.0].map(|part| part * self.top).into();
        }
        std::iter::successors(Some(LOG_FLOOR), |tick| Some(tick * 10.0)).take_while(|tick| *tick <= self.top * 1.01).collect()
    }
}

fn value(series: &Series, step: usize) -> Option<f64> {
    series.values.get(step).copied().flatten()
}

/// The next of 4, 8, 10, 20, 40, …: all of them part into four.
fn round_up(highest: f64) -> f64 {
    let decade = 10_f64.powf(highest.max(1.0).log10().floor());
    [1.0, 2.0, 4.0, 6.0, 8.0, 10.0].into_iter().map(|times| times * decade).find(|top| *top >= highest).unwrap_or(highest)
}

fn next_decade(highest: f64) -> f64 {
    10_f64.powf(highest.max(LOG_FLOOR * 10.0).log10().ceil())
}

/// Letters short enough for an axis: `12`, `1.5k`.
pub(super) fn short(value: f64) -> String {
    match value {
        _ if value >= 10_000.0 => format!("{:.0}k", value / 1000.0),
        _ if value >= 1000.0 => format!("{:.1}k", value / 1000.0).replace(".0k", "k"),
        _ if value >= 10.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

/// Writes the figure.
pub(super) fn write(page: &mut String, plot: &Plot, closed: &Closed) {
    let scale = Scale::of(plot, closed.seconds);
    // Writing to a text does not fail.
    let _ = write!(page, "<figure><figcaption><h3>{}</h3><span class=soft>{}</span></figcaption>", plot.title, plot.unit);
    write_key(page, plot);
    page.push_str("<div class=plot><div class=area>");
    let _ = write!(
        page,
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=none role=img><title>{}, {}, over {:.0} seconds</title><desc>{}</desc>",
        plot.title,
        plot.unit,
        closed.seconds,
        describe(plot)
    );
    write_phases(page, closed, &scale);
    for tick in scale.ticks() {
        let y = scale.y(tick);
        let _ = write!(page, "<path class=grid d=\"M0 {y:.2}H{WIDTH}\"/>");
    }
    match plot.kind {
        Kind::Stack => write_areas(page, plot, &scale),
        Kind::Lines | Kind::LogLines => write_lines(page, plot, &scale),
    }
    page.push_str("</svg>");
    write_labels(page, closed, &scale);
    page.push_str("</div></div>");
    write_table(page, plot, closed);
    page.push_str("</figure>");
}

fn write_key(page: &mut String, plot: &Plot) {
    page.push_str("<ul class=key>");
    for Series { name, colour, .. } in &plot.series {
        let mark = match plot.kind {
            Kind::Stack => format!("<rect class=\"fill c{colour}\" width=26 height=10 rx=2 fill-opacity=.75 />"),
            Kind::Lines | Kind::LogLines => format!("<path class=\"dash c{colour}\" d=\"M0 5H26\" stroke-width=2.5 />"),
        };
        let _ = write!(page, "<li><svg viewBox=\"0 0 26 10\" aria-hidden=true>{mark}</svg>{name}</li>");
    }
    page.push_str("</ul>");
}

fn write_phases(page: &mut String, closed: &Closed, scale: &Scale) {
    for (phase, end) in closed.phases_with_ends() {
        let (from, to) = (scale.x(phase.at), scale.x(end));
        if phase.is_bad {
            let _ = write!(page, "<path class=phase d=\"M{from:.1} 0H{to:.1}V{HEIGHT}H{from:.1}z\"/>");
        }
        if from > 0.0 {
            let _ = write!(page, "<path class=edge d=\"M{from:.1} 0V{HEIGHT}\"/>");
        }
    }
}

fn write_labels(page: &mut String, closed: &Closed, scale: &Scale) {
    for tick in scale.ticks() {
        let _ = write!(page, "<span class=tick style=\"top:{:.1}%\">{}</span>", scale.y(tick), short(tick));
    }
    for (number, (phase, end)) in (1..).zip(closed.phases_with_ends()) {
        let middle = f64::midpoint(scale.x(phase.at), scale.x(end)) / WIDTH * 100.0;
        let class = if phase.is_bad { "mark is-bad" } else { "mark" };
        let _ = write!(page, "<span class=\"{class}\" style=\"left:{middle:.1}%\" title=\"{}\">{number}</span>", phase.name);
    }
    let every = if scale.seconds > 400.0 {
        60.0
    } else if scale.seconds > 160.0 {
        20.0
    } else {
        10.0
    };
    for (number, at) in (0_u32..).map(|tick| (tick, f64::from(tick) * every)).take_while(|(_, at)| *at <= scale.seconds) {
        let odd = if number % 2 == 1 { " is-odd" } else { "" };
        let _ = write!(page, "<span class=\"time{odd}\" style=\"left:{:.1}%\">{at:.0} s</span>", scale.x(at) / WIDTH * 100.0);
    }
}

/// The middle of a step, in seconds.
fn moment(step: usize) -> f64 {
    let step = u32::try_from(step).unwrap_or(u32::MAX);
    (f64::from(step) + 0.5) * STEP.as_secs_f64()
}

fn write_lines(page: &mut String, plot: &Plot, scale: &Scale) {
    for series in &plot.series {
        let (mut path, mut is_down) = (String::new(), false);
        for (step, value) in series.values.iter().enumerate() {
            if let Some(value) = value {
                let _ = write!(path, "{}{:.1} {:.2}", if is_down { 'L' } else { 'M' }, scale.x(moment(step)), scale.y(*value));
            }
            is_down = value.is_some();
        }
        let _ = write!(page, "<path class=\"line c{}\" d=\"{path}\"/>", series.colour);
    }
}

fn write_areas(page: &mut String, plot: &Plot, scale: &Scale) {
    let steps = plot.series.iter().map(|series| series.values.len()).max().unwrap_or_default();
    let mut below = vec![0.0; steps];
    for series in &plot.series {
        let above: Vec<f64> = below.iter().enumerate().map(|(step, below)| below + value(series, step).unwrap_or_default()).collect();
        if above != below {
            let mut path = String::from("M");
            for (step, value) in above.iter().enumerate().chain(below.iter().enumerate().rev()) {
                let _ = write!(path, "{:.1} {:.2} ", scale.x(moment(step)), scale.y(*value));
            }
            let _ = write!(page, "<path class=\"fill c{}\" fill-opacity=.75 d=\"{}z\"/>", series.colour, path.trim_end());
        }
        below = above;
    }
}

/// What a person who does not see the drawing should know first.
fn describe(plot: &Plot) -> String {
    let peaks = plot.series.iter().filter_map(|series| {
        let (step, highest) =
            series.values.iter().enumerate().filter_map(|(step, value)| Some((step, (*value)?))).max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(format!("{}: at most {}, at {:.0} s.", series.name, short(highest), moment(step)))
    });
    format!("{} The table below has the figures of each phase.", peaks.collect::<Vec<_>>().join(" "))
}

fn write_table(page: &mut String, plot: &Plot, closed: &Closed) {
    let word = match plot.sum {
        Sum::Mean => "mean",
        Sum::Highest => "highest",
    };
    let _ = write!(
        page,
        "<details><summary>As a table: the {word} of each phase</summary><div class=wide tabindex=0><table><thead><tr><th scope=col>phase</th>"
    );
    for series in &plot.series {
        let _ = write!(page, "<th scope=col>{}</th>", series.name);
    }
    page.push_str("</tr></thead><tbody>");
    for (phase, end) in closed.phases_with_ends() {
        let _ = write!(page, "<tr><th scope=row>{}</th>", phase.name);
        for series in &plot.series {
            let inside = |step: &usize| (phase.at..end).contains(&moment(*step));
            let values: Vec<f64> = (0..series.values.len()).filter(inside).filter_map(|step| value(series, step)).collect();
            let figure = summed(&values, plot.sum).map_or("–".to_owned(), short);
            let _ = write!(page, "<td>{figure}</td>");
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div></details>");
}

fn summed(values: &[f64], sum: Sum) -> Option<f64> {
    let count = u32::try_from(values.len()).ok().filter(|count| *count > 0)?;
    Some(match sum {
        Sum::Mean => values.iter().sum::<f64>() / f64::from(count),
        Sum::Highest => values.iter().copied().fold(0.0, f64::max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number_not_below_the_highest() {
        for (highest, top) in [(1.0, 1.0), (1.2, 2.0), (7.0, 8.0), (10.0, 10.0), (173.0, 200.0), (201.0, 400.0), (950.0, 1000.0)] {
            assert!((round_up(highest) - top).abs() < 1e-9, "{highest}: {}", round_up(highest));
        }
        for (highest, top) in [(0.1, 10.0), (11.0, 100.0), (30_000.0, 100_000.0)] {
            assert!((next_decade(highest) - top).abs() < 1e-6, "{highest}: {}", next_decade(highest));
        }
    }

    #[test]
    fn labels_are_short() {
        for (value, label) in [(0.0, "0"), (0.5, "0.5"), (12.4, "12"), (999.0, "999"), (1500.0, "1.5k"), (2000.0, "2k"), (12_345.0, "12k")]
        {
            assert_eq!(short(value), label);
        }
    }

    #[test]
    fn a_phase_without_values_has_no_figure_and_the_others_their_mean_or_highest() {
        assert_eq!(summed(&[], Sum::Mean), None);
        assert_eq!((summed(&[1.0, 3.0], Sum::Mean), summed(&[1.0, 3.0], Sum::Highest)), (Some(2.0), Some(3.0)));
    }
}
