//! The report as one page that needs nothing else: no server, no script, no network. Light and dark, wide and narrow.

mod plot;

use super::book::{CLASSES, Closed, STEP, Step};
use super::report::{Figures, Played, Sentence};
use plot::{Kind, Plot, Series, Sum, short};
use std::fmt::Write as _;
use truebell_sim::Report;

const STYLE: &str = include_str!("style.css");

/// The page.
pub(super) fn render(played: &Played, closed: &Closed) -> String {
    let (report, storm) = (&played.report, played.storm.clone().unwrap_or_default());
    let mut page = String::with_capacity(256 << 10);
    let verdict = if report.passed { "Nobody was told anything untrue" } else { "This day was not as it must be" };
    // Writing to a text does not fail.
    let _ = write!(
        page,
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><title>{verdict}: \
         27 April 2023, played again</title><style>{STYLE}</style></head><body><main><header><p class=soft>Truebell drill {} · {} real clients · {} exchanges · \
         {:.0} seconds</p><h1>{verdict}.</h1><p class=lede>On 27 April 2023 the move of a database made a password manager’s apps tell people “Your Secret Key or \
         password was recently changed”. It was false. This is the same day, played again on a real server process, whose database is moved {} while it fails, with {} real \
         clients, all on one machine.</p>",
        report.name,
        grouped(storm.clients),
        grouped(report.exchanges),
        storm.seconds,
        storm.moved.as_ref().map_or("", |moved| moved.form.words()),
        grouped(storm.clients)
    );
    for finding in &report.findings {
        let _ = write!(page, "<p class=lede>Not as it must be: {}.</p>", escape(finding));
    }
    facts(&mut page, report, &storm);
    page.push_str("</header>");
    told(&mut page, report, &storm);
    day(&mut page, closed);
    overload(&mut page, &storm);
    page.push_str("<section><h2>Second by second</h2><p class=soft>Shaded: the database fails, or more is asked for than it can do. The numbers on top are those of the list above. One point is half a second.</p>");
    for plot in plots(closed) {
        plot::write(&mut page, &plot, closed);
    }
    page.push_str(
        "</section><footer class=soft><p>The surge comes from light clients that only sign in, with real devices’ keys, and wait for nothing; the real clients go on beside \
         them. A naive client is one that takes a failed sign-in for a changed password and an error for the end of a session, as shipped clients did; it is judged on the \
         very answers the real clients got. Every figure is in the JSON report of the same run.</p></footer></main></body></html>",
    );
    page
}

fn plots(closed: &Closed) -> [Plot; 7] {
    let series =
        |name, colour, pick: &dyn Fn(&Step) -> Option<f64>| Series { name, colour, values: closed.steps.iter().map(pick).collect() };
    let per_second = |count: u64| Some(number(count) / STEP.as_secs_f64());
    let classes = CLASSES
        .iter()
        .enumerate()
        .map(|(class, name)| series(name, class, &|step| per_second(step.served.get(class).copied().unwrap_or_default())))
        .collect();
    [
        Plot {
            title: "Asked for",
            unit: "requests a second",
            kind: Kind::Stack,
            sum: Sum::Mean,
            series: vec![series("asked for", 1, &|step| per_second(step.offered))],
        },
        Plot { title: "Served, by class", unit: "answers a second", kind: Kind::Stack, sum: Sum::Mean, series: classes },
        Plot {
            title: "How it ended",
            unit: "exchanges a second",
            kind: Kind::Stack,
            sum: Sum::Mean,
            series: vec![
                series("served", 0, &|step| per_second(step.served.iter().sum())),
                series("asked to come back, signed", 2, &|step| per_second(step.busy)),
                series("refused for a reason of its own", 3, &|step| per_second(step.refused)),
                series("nobody answered", 4, &|step| per_second(step.unanswered + step.unsigned)),
            ],
        },
        Plot {
            title: "The queue",
            unit: "requests inside the server",
            kind: Kind::Lines,
            sum: Sum::Highest,
            series: vec![
                series("waiting", 4, &|step| step.gate.map(|gate| number(gate.waiting))),
                series("at work", 0, &|step| step.gate.map(|gate| number(gate.at_work))),
                series("may be at work", 1, &|step| step.gate.map(|gate| number(gate.limit))),
            ],
        },
        Plot {
            title: "How long an answer took",
            unit: "milliseconds, logarithmic",
            kind: Kind::LogLines,
            sum: Sum::Highest,
            series: vec![
                series("served, half of them faster", 0, &|step| percentile(&step.served_ms, 50)),
                series("served, 99 of 100 faster", 4, &|step| percentile(&step.served_ms, 99)),
                series("asked to come back, 99 of 100 faster", 2, &|step| percentile(&step.shed_ms, 99)),
            ],
        },
        Plot {
            title: "What Truebell told people",
            unit: "notices a second, each of a real password change, one on each device",
            kind: Kind::Stack,
            sum: Sum::Mean,
            series: vec![series("true notices", 0, &|step| per_second(step.notices))],
        },
        Plot {
            title: "What a naive client would have told them",
            unit: "false alarms a second, on the same answers",
            kind: Kind::Stack,
            sum: Sum::Mean,
            series: vec![series("false alarms", 4, &|step| per_second(step.naive))],
        },
    ]
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn number(count: u64) -> f64 {
    count as f64
}

/// `12,345`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn percentile(values: &[f64], of_100: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * of_100 / 100).min(sorted.len().saturating_sub(1))).copied()
}

fn facts(page: &mut String, report: &Report, storm: &Figures) {
    let ratio = storm.goodput_ratio_at_10x.map_or("–".to_owned(), |ratio| format!("{:.0} %", ratio * 100.0));
    let twice = report.missed_alarms + report.duplicate_mails;
    let facts = [
        (report.false_alarms == 0, grouped(report.false_alarms), "false alarms".to_owned()),
        (
            twice == 0,
            grouped(storm.password_changes),
            format!("real password changes, told once: {} missed, {} told twice", report.missed_alarms, report.duplicate_mails),
        ),
        (report.lost_writes == 0, grouped(report.lost_writes), format!("of {} saved edits lost", grouped(storm.saved_edits))),
        (report.lost_sessions == 0, grouped(report.lost_sessions), format!("of {} devices signed out", grouped(storm.clients))),
        (
            storm.goodput_ratio_at_10x.is_none_or(|ratio| ratio >= 0.8),
            ratio,
            "of the capacity still served at ten times the load".to_owned(),
        ),
    ];
    let moved = storm.moved.as_ref().map(|moved| {
        let what = format!("was the longest time nobody could write, while the database was moved {}", moved.form.words());
        (true, format!("{:.0} ms", moved.fence_ms_max), what)
    });
    page.push_str("<ul class=facts>");
    for (is_good, value, what) in facts.into_iter().chain(moved) {
        let class = if is_good { "" } else { " class=not" };
        let _ = write!(page, "<li{class}><b>{value}</b>{what}</li>");
    }
    page.push_str("</ul>");
}

fn told(page: &mut String, report: &Report, storm: &Figures) {
    page.push_str("<section aria-label=\"What people were told\"><div class=two style=\"margin-top:40px\"><div class=card><h3>What Truebell told people</h3><ul class=said>");
    sentences(page, &storm.said);
    let _ = write!(
        page,
        "<li><q>Your account password was changed on “device 0”.</q><span>true, proven by a signed event, once on each device, of {} accounts</span></li></ul></div>\
         <div class=\"card naive\"><h3>What a naive client would have told them</h3><ul class=said>",
        storm.password_changes
    );
    sentences(page, &storm.naive_said);
    let _ = write!(
        page,
        "</ul><p class=soft>{} false alarms in all, on the same answers.</p></div></div></section>",
        grouped(report.naive_false_alarms)
    );
}

fn sentences(page: &mut String, said: &[Sentence]) {
    for Sentence { sentence, accounts, times } in said {
        let _ =
            write!(page, "<li><q>{}</q><span>{} times, to {} accounts</span></li>", escape(sentence), grouped(*times), grouped(*accounts));
    }
}

fn day(page: &mut String, closed: &Closed) {
    page.push_str("<section><h2>The day</h2><ol class=phases>");
    for (number, (phase, end)) in (1..).zip(closed.phases_with_ends()) {
        let class = if phase.is_bad { " class=is-bad" } else { "" };
        let _ = write!(
            page,
            "<li{class}><i aria-hidden=true>{number}</i><div>{} <span>· {:.0} s. {}</span></div></li>",
            phase.name,
            end - phase.at,
            phase.note
        );
    }
    page.push_str("</ol></section>");
}

fn overload(page: &mut String, storm: &Figures) {
    if storm.overload.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "<section><h2>More asked for than can be served</h2><p>A database under strain, each of its answers {:.0} ms late, allows {} sign-ins a second. Then more and more is \
         asked for, by clients that wait for nothing. An answer counts if it comes within two seconds.</p><div class=wide tabindex=0><table><thead><tr><th scope=col>asked for<th \
         scope=col>a second<th scope=col>served<th scope=col>of the capacity<th scope=col>strongest peer</tr></thead><tbody>",
        storm.strain_ms,
        short(storm.capacity_per_second)
    );
    for step in &storm.overload {
        let peer = match step.times {
            2 => "17 %",
            10 => "11 %",
            _ => "",
        };
        let _ = write!(
            page,
            "<tr><th scope=row>{} times</th><td>{:.0}<td>{:.0}<td class=strong>{:.0} %<td>{peer}</tr>",
            step.times,
            step.offered_per_second,
            step.served_per_second,
            step.ratio * 100.0
        );
    }
    page.push_str("</tbody></table></div></section>");
}

#[cfg(test)]
mod tests {
    use super::super::book::Book;
    use super::*;

    fn page() -> String {
        let book = Book::new();
        book.phase("calm", "Nothing is wrong.", false);
        book.exchanged("/v1/sessions", Some((503, true)), STEP, Some(1));
        let naive = Sentence { sentence: "Your Secret Key or password was recently changed".into(), accounts: 1, times: 1 };
        let said = Sentence { sentence: "Someone answered: <script>".into(), accounts: 1, times: 1 };
        let storm = Figures { naive_said: vec![naive], said: vec![said], ..Figures::default() };
        render(&Played { report: Report::default(), storm: Some(storm) }, &book.close())
    }

    #[test]
    fn the_page_needs_nothing_else_and_quotes_the_naive_client() {
        let page = page();
        assert!(page.contains("<q>Your Secret Key or password was recently changed</q>"));
        for outside in ["http://", "https://", "src=", "href=", "@import", "url(", "<script"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn every_drawing_has_a_title_a_description_and_a_table() {
        let page = page();
        let count = |what: &str| page.matches(what).count();
        assert_eq!((count("role=img"), count("</title><desc>"), count("<details>")), (7, 7, 7));
        for tag in ["svg", "figure", "table", "section", "ul", "details", "div"] {
            assert_eq!(count(&format!("<{tag} ")) + count(&format!("<{tag}>")), count(&format!("</{tag}>")), "{tag}");
        }
    }

    #[test]
    fn percentiles_are_of_what_is_there_and_large_numbers_are_grouped() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99), percentile(&[], 99)), (Some(51.0), Some(100.0), None));
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
