//! The report, for people and for programs.

use super::known::{Looked, Source};
use super::pairs::{Asked, Counts};
use crate::output::{Page, Show, Table, clean, count_text};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::io;
use truebell_core::ids::ItemId;
use truebell_core::item::Item;
use truebell_core::time::UnixMillis;
use truebell_engine::health::{Aside, Finding, Kind, Known, questions};

/// Lines of a kind, unless all are wanted.
const LINES_MAX: usize = 20;

/// All that was found.
#[derive(Serialize)]
pub(super) struct Answer {
    items: usize,
    passwords: usize,
    /// `null` where nobody was asked about exposure.
    source: serde_json::Value,
    exposed: usize,
    clean: usize,
    unknown: usize,
    /// Why something is not known.
    why_unknown: Option<String>,
    /// User names with their passwords; `null` where nobody was asked.
    pairs: Option<Counts>,
    /// Exposures that were not told before.
    new: usize,
    set_aside: usize,
    looked_at: UnixMillis,
    findings: Vec<Line>,
    #[serde(skip)]
    known_from: String,
}

#[derive(Serialize)]
struct Line {
    item: ItemId,
    title: String,
    field: String,
    kind: Kind,
    evidence: String,
    #[serde(rename = "do")]
    advice: &'static str,
    count: Option<u64>,
    shared_with: Vec<ItemId>,
    new: bool,
    set_aside: Option<Aside>,
}

/// The report as it is shown.
pub(super) struct Shown {
    pub(super) answer: Answer,
    pub(super) all: bool,
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.answer.serialize(to)
    }
}

impl Answer {
    pub(super) fn of(
        items: &[(ItemId, Item)],
        findings: &[Finding<ItemId>],
        source: &Source,
        known: &Looked,
        pairs: Option<&Asked>,
        now: UnixMillis,
    ) -> Self {
        let titles: BTreeMap<ItemId, &str> = items.iter().map(|(id, item)| (*id, item.overview.title.as_str())).collect();
        let asked = questions(items.iter().map(|(_, item)| item), false);
        let count = |wanted: fn(Known) -> bool| asked.iter().filter(|password| wanted(known.of(password.expose()))).count();
        let line = |finding: &Finding<ItemId>| Line {
            item: finding.item,
            title: titles.get(&finding.item).copied().unwrap_or_default().to_owned(),
            field: finding.field.clone(),
            kind: finding.kind,
            evidence: finding.evidence.clone(),
            advice: finding.kind.advice(),
            count: finding.count,
            shared_with: finding.shared_with.clone(),
            new: finding.is_new,
            set_aside: finding.aside.clone(),
        };
        Self {
            items: items.len(),
            passwords: asked.len(),
            source: source.describe(),
            exposed: count(|known| matches!(known, Known::Exposed { .. })),
            clean: count(|known| known == Known::Clean),
            unknown: count(|known| known == Known::Unknown),
            why_unknown: known.doubt.map(|doubt| doubt.to_string()),
            pairs: pairs.map(Asked::counts),
            new: findings.iter().filter(|finding| finding.is_new).count(),
            set_aside: findings.iter().filter(|finding| finding.aside.is_some()).count(),
            looked_at: now,
            findings: findings.iter().map(line).collect(),
            known_from: if source.is_nowhere() { String::new() } else { source.name() },
        }
    }

    /// Of how many passwords, and user names with them, it was asked and is not known whether they are exposed.
    pub(super) fn unknown(&self) -> usize {
        let alone = if self.known_from.is_empty() { 0 } else { self.unknown };
        alone + self.pairs.as_ref().map_or(0, |pairs| pairs.unknown)
    }

    fn show_pairs(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Some(pairs) = &self.pairs else { return Ok(()) };
        let paint = page.paint;
        page.line(format_args!(
            "With their user names: {} exposed, {} nearly, {} clean, {} not known (pair service {}).",
            pairs.exposed, pairs.similar, pairs.clean, pairs.unknown, pairs.server
        ))?;
        match &pairs.why_unknown {
            Some(why) => {
                page.line(paint.yellow(&format!("Where it is not known: {why}. That says nothing about these logins; ask again later.")))
            }
            None => Ok(()),
        }
    }

    fn show_exposure(&self, page: &mut Page<'_>) -> io::Result<()> {
        let paint = page.paint;
        let is_asked = !self.known_from.is_empty();
        if !is_asked && self.pairs.is_none() {
            return page
                .line("Whether passwords are exposed was not looked up: name a corpus (--corpus FILE) or a range service (--ranges URL).");
        }
        if is_asked {
            page.line(format_args!("{} exposed, {} clean, {} not known ({}).", self.exposed, self.clean, self.unknown, self.known_from))?;
        }
        if let Some(why) = &self.why_unknown {
            page.line(paint.yellow(&format!("Where it is not known: {why}. That says nothing about these passwords; ask again later.")))?;
        }
        match self.new {
            0 => Ok(()),
            new => page.line(paint.bold(&format!("{} not told before.", count_text(new, "exposure")))),
        }
    }
}

impl Show for Shown {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let (answer, paint) = (&self.answer, page.paint);
        page.line(format_args!(
            "{} and {} looked at.",
            count_text(answer.items, "item"),
            count_text(answer.passwords, "different password")
        ))?;
        answer.show_pairs(page)?;
        answer.show_exposure(page)?;
        for kind in Kind::ALL {
            let lines: Vec<&Line> =
                answer.findings.iter().filter(|line| line.kind == kind && (self.all || line.set_aside.is_none())).collect();
            if lines.is_empty() {
                continue;
            }
            let heading = format!("{kind} ({})", lines.len());
            let is_urgent = matches!(kind, Kind::Exposed | Kind::SimilarToExposed);
            page.line("")?;
            page.line(format_args!(
                "{}  {}",
                if is_urgent { paint.red(&heading) } else { paint.yellow(&heading) },
                paint.dim(kind.advice())
            ))?;
            let shown = if self.all { lines.len() } else { LINES_MAX };
            let mut table = Table::new(&["id", "title", "evidence"]);
            for line in lines.iter().take(shown) {
                let mut evidence = line.evidence.clone();
                if line.new {
                    evidence.push_str(" New.");
                }
                if let Some(aside) = &line.set_aside {
                    evidence.push_str(&format!(" Set aside: {}", clean(&aside.reason)));
                }
                table.row([&line.item.to_string(), &line.title, &evidence]);
            }
            page.table(&table)?;
            if lines.len() > shown {
                page.line(paint.dim(&format!("… and {} more: --all shows them.", lines.len() - shown)))?;
            }
        }
        match answer.set_aside {
            0 => {}
            aside => page.line(paint.dim(&format!("\n{} set aside: --all shows them.", count_text(aside, "finding"))))?,
        }
        if answer.findings.len() == answer.set_aside { page.line(paint.green("Nothing else was found.")) } else { Ok(()) }
    }
}

/// Something was done.
#[derive(Serialize)]
pub(super) struct Done {
    ok: bool,
    #[serde(skip)]
    said: String,
}

impl Done {
    pub(super) const fn new(said: String) -> Self {
        Self { ok: true, said }
    }
}

impl Show for Done {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(&self.said)
    }
}
