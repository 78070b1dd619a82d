//! The report as one page that needs nothing else: plots over time, light and dark, wide and narrow.

use super::book::{CLASSES, Closed, STEP, Step};
use super::report::{Figures, Played};
use std::fmt::Write as _;
use truebell_sim::Report;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
const STYLE: &str = "
:root{--ink:#1b1f24;--soft:#59636e;--page:#fbfaf7;--card:#fff;--line:#d8d6cf;--bad:#c2410c18;--calm:#0000;--a:#0f766e;--b:#2563eb;--c:#a16207;--d:#7c3aed;--e:#c2410c;--good:#0f766e}
@media (prefers-color-scheme:dark){:root{--ink:#eceae4;--soft:#a3a9b0;--page:#14171a;--card:#1c2024;--line:#353b41;--bad:#fb923c1f;--a:#2dd4bf;--b:#60a5fa;--c:#facc15;--d:#c4b5fd;--e:#fb923c;--good:#2dd4bf}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:820px;margin:0 auto;padding:32px 16px 64px}h1{font-size:1.9rem;line-height:1.2;margin:0 0 8px}h2{font-size:1.1rem;margin:32px 0 4px}
p{margin:8px 0}.soft{color:var(--soft);font-size:.92rem}.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0}
.fact{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}.fact b{display:block;font-size:1.7rem;line-height:1.2;color:var(--good)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:16px;margin:20px 0}.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.naive{border-color:var(--e)}.naive q{display:block;font-size:1.05rem;margin-top:8px}svg{width:100%;height:auto;display:block;background:var(--card);border:1px solid var(--line);border-radius:10px}
text{fill:var(--soft);font:11px system-ui,sans-serif}.grid{stroke:var(--line);stroke-width:1}polyline{fill:none;stroke-width:1.8;stroke-linejoin:round}
.key{display:flex;flex-wrap:wrap;gap:4px 16px;margin:4px 0 8px;font-size:.88rem;color:var(--soft)}.key i{display:inline-block;width:14px;height:3px;border-radius:2px;vertical-align:middle;margin-right:6px}
table{border-collapse:collapse;width:100%}td,th{text-align:right;padding:6px 8px;border-bottom:1px solid var(--line);font-weight:400}td:first-child,th:first-child{text-align:left}th{color:var(--soft)}";
const COLOURS: [&str; 5] = ["var(--a)", "var(--b)", "var(--c)", "var(--d)", "var(--e)"];

/// The lines of one plot: a name and its values over time.
type Lines<'a> = Vec<(&'a str, Vec<f64>)>;

/// The page.
pub(super) fn render(played: &Played, closed: &Closed) -> String {
    let (report, storm) = (&played.report, played.storm.clone().unwrap_or_default());
    let mut page = String::with_capacity(64 << 10);
    let verdict = if report.passed { "Nobody was told anything untrue" } else { "Not as it must be" };
    // Writing to a text does not fail.
    let _ = write!(
        page,
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><title>{verdict}: 27 April 2023, \
         played again</title><style>{STYLE}</style><main><p class=soft>Truebell drill {} · {} real clients · {} exchanges · {:.0} seconds</p><h1>{verdict}.</h1>\
         <p>On 27 April 2023 a database in trouble made a password manager’s apps tell people “Your Secret Key or password was recently changed”. It was false. \
         Here the same day is played again: a database that crawls, falls silent and breaks off, and then a surge of ten times the sign-ins it can do. Real \
         server process, real PostgreSQL, real clients on one machine.</p>",
        report.name, storm.clients, report.exchanges, storm.seconds
    );
    facts(&mut page, report, &storm);
    told(&mut page, report);
    overload(&mut page, &storm);
    let series = |pick: &dyn Fn(&Step) -> f64| closed.steps.iter().map(pick).collect::<Vec<f64>>();
    let per_second = |count: u64| number(count) / STEP.as_secs_f64();
    let plots: [(&str, &str, Lines<'_>); 6] = [
        ("Asked for", "requests a second", vec![("asked for", series(&|step| per_second(step.offered)))]),
        (
            "Served, by class",
            "answers a second",
            CLASSES
                .iter()
                .enumerate()
                .map(|(class, name)| (*name, series(&|step| per_second(step.served.get(class).copied().unwrap_or_default()))))
                .collect(),
        ),
        (
            "How it ended",
            "a second",
            vec![
                ("served", series(&|step| per_second(step.served.iter().sum()))),
                ("asked to come back, signed", series(&|step| per_second(step.busy))),
                ("refused for a reason of its own", series(&|step| per_second(step.refused))),
                ("nobody answered", series(&|step| per_second(step.unanswered))),
            ],
        ),
        (
            "The queue",
            "requests",
            vec![
                ("waiting", series(&|step| number(step.waiting))),
                ("at work", series(&|step| number(step.at_work))),
                ("may be at work", series(&|step| number(step.limit))),
            ],
        ),
        (
            "How long an answer took",
            "milliseconds",
            vec![
                ("served, half of them", series(&|step| percentile(&step.served_ms, 50))),
                ("served, 99 of 100", series(&|step| percentile(&step.served_ms, 99))),
                ("asked to come back, 99 of 100", series(&|step| percentile(&step.shed_ms, 99))),
            ],
        ),
        (
            "What people were told",
            "a second",
            vec![
                ("notices of real password changes, on each device", series(&|step| per_second(step.notices))),
                ("", Vec::new()),
                ("", Vec::new()),
                ("", Vec::new()),
                ("what the naive client would have said", series(&|step| per_second(step.naive))),
            ],
        ),
    ];
    for (title, unit, lines) in &plots {
        plot(&mut page, (title, unit), lines, closed);
    }
    page.push_str("<p class=soft>Shaded: the database fails or more is asked for than it can do. One point is half a second. The surge comes from light clients that \
        only sign in, with real devices’ keys; the real clients go on beside them. A naive client is one that takes a failed sign-in for a changed password and an error \
        for the end of a session, as shipped clients did.</p></main></html>");
    page
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn number(count: u64) -> f64 {
    count as f64
}

fn percentile(values: &[f64], of_100: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * of_100 / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn facts(page: &mut String, report: &Report, storm: &Figures) {
    let ratio = storm.goodput_ratio_at_10x.map_or("–".to_owned(), |ratio| format!("{:.0} %", ratio * 100.0));
    let facts = [
        (report.false_alarms.to_string(), "false alarms".to_owned()),
        (
            storm.password_changes.to_string(),
            format!("real password changes; {} missed, {} mails twice", report.missed_alarms, report.duplicate_mails),
        ),
        (report.lost_writes.to_string(), format!("of {} saved edits lost", storm.saved_edits)),
        (report.lost_sessions.to_string(), format!("of {} devices signed out", storm.clients)),
        (ratio, "of its sign-ins still served at ten times the load".to_owned()),
    ];
    page.push_str("<div class=facts>");
    for (value, what) in facts {
        let _ = write!(page, "<div class=fact><b>{value}</b>{what}</div>");
    }
    page.push_str("</div>");
}

fn told(page: &mut String, report: &Report) {
    page.push_str("<div class=two><div class=card><h2>What Truebell told people</h2><p>The server is busy; your items are here, and your edits are kept. And, to those whose \
        password really changed: that it did, by which device, once.</p></div><div class=\"card naive\"><h2>What a naive client would have told them</h2>");
    for naive in &report.naive_sentences {
        let _ = write!(page, "<q>{}</q><span class=soft>to {} accounts</span>", naive.sentence, naive.accounts);
    }
    let _ = write!(page, "<p class=soft>{} times in all, on the same answers.</p></div></div>", report.naive_false_alarms);
}

fn overload(page: &mut String, storm: &Figures) {
    let _ = write!(
        page,
        "<h2>Sign-ins under load</h2><p class=soft>The database, answering 5 ms late as one under strain does, allows {:.0} sign-ins a second.</p><table><tr><th>asked \
         for<th>a second<th>served a second<th>of capacity<th>strongest peer</tr>",
        storm.capacity_per_second
    );
    for step in &storm.overload {
        let peer = match step.times {
            2 => "17 %",
            10 => "11 %",
            _ => "",
        };
        let _ = write!(
            page,
            "<tr><td>{}×<td>{:.0}<td>{:.0}<td>{:.0} %<td>{peer}</tr>",
            step.times,
            step.offered_per_second,
            step.served_per_second,
            step.ratio * 100.0
        );
    }
    page.push_str("</table>");
}

fn plot(page: &mut String, (title, unit): (&str, &str), lines: &[(&str, Vec<f64>)], closed: &Closed) {
    let top = lines.iter().flat_map(|(_, values)| values).copied().fold(1.0, f64::max) * 1.05;
    let (left, right, head, foot) = (46.0, 8.0, 18.0, 20.0);
    let seconds = closed.seconds.max(1.0);
    let x = |at: f64| left + (WIDTH - left - right) * (at / seconds).min(1.0);
    let y = |value: f64| HEIGHT - foot - (HEIGHT - head - foot) * value / top;
    let _ = write!(page, "<h2>{title} <span class=soft>· {unit}</span></h2><div class=key>");
    for ((name, _), colour) in lines.iter().zip(COLOURS).filter(|((name, _), _)| !name.is_empty()) {
        let _ = write!(page, "<span><i style=\"background:{colour}\"></i>{name}</span>");
    }
    let _ = write!(page, "</div><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"{title}\">");
    let ends = closed.phases.iter().skip(1).map(|phase| phase.0).chain([seconds]);
    for ((at, name, is_bad), end) in closed.phases.iter().zip(ends) {
        let (from, to) = (x(*at), x(end));
        if *is_bad {
            let _ = write!(page, "<rect x={from:.1} y=0 width={:.1} height={} fill=\"var(--bad)\"/>", to - from, HEIGHT - foot);
        }
        let label: String = name.chars().take(letters(to - from)).collect();
        let _ = write!(page, "<text x={:.1} y=12>{label}</text>", from + 3.0);
    }
    for part in [0.0, 0.5, 1.0] {
        let value = top / 1.05 * part;
        let _ = write!(
            page,
            "<line class=grid x1={left} x2={} y1={:.1} y2={:.1} /><text x={} y={:.1} text-anchor=end>{value:.0}</text>",
            WIDTH - right,
            y(value),
            y(value),
            left - 5.0,
            y(value) + 4.0
        );
    }
    for tick in (0_u32..).map(|tick| f64::from(tick) * 20.0).take_while(|at| *at <= seconds) {
        let _ = write!(page, "<text x={:.1} y={:.1} text-anchor=middle>{tick:.0} s</text>", x(tick), HEIGHT - 6.0);
    }
    for ((_, values), colour) in lines.iter().zip(COLOURS) {
        let mut points = String::new();
        let mut at = STEP.as_secs_f64() / 2.0;
        for value in values {
            let _ = write!(points, "{:.1},{:.1} ", x(at), y(*value));
            at += STEP.as_secs_f64();
        }
        let _ = write!(page, "<polyline points=\"{points}\" stroke=\"{colour}\"/>");
    }
    page.push_str("</svg>");
}

/// Letters of a small label that fit into so many pixels.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen")]
fn letters(pixels: f64) -> usize {
    (pixels / 5.5) as usize
}

#[cfg(test)]
mod tests {
    use super::super::book::Book;
    use super::*;
    use truebell_sim::NaiveSentence;

    #[test]
    fn the_page_needs_nothing_else_and_quotes_the_naive_client() {
        let book = Book::new();
        book.phase("calm", false);
        book.exchanged("/v1/sessions", Some((503, true)), STEP, Some(1));
        let naive = NaiveSentence { sentence: "Your Secret Key or password was recently changed".into(), accounts: 1 };
        let report = Report { naive_sentences: vec![naive], ..Report::default() };
        let page = render(&Played { report, storm: Some(Figures::default()) }, &book.close());
        assert!(page.contains("<q>Your Secret Key or password was recently changed</q>"));
        for outside in ["http://", "https://", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    }

    #[test]
    fn percentiles_are_of_what_is_there() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99), percentile(&[], 99)), (51.0, 100.0, 0.0));
    }
}
