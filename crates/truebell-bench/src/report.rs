//! Figures as they are read: what, how much, against which reference, and what was hoped for.

use serde_json::{Value, json};

/// One figure.
pub(crate) struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// How much, with its unit.
    pub value: f64,
    /// The unit.
    pub unit: &'static str,
    /// The reference and its value, in the same unit.
    pub reference: Option<(&'static str, f64)>,
    /// What the project aims at, in words.
    pub aim: &'static str,
}

/// All figures of a run.
pub(crate) struct Report {
    filter: Option<String>,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn new(filter: Option<String>) -> Self {
        Self { filter, figures: Vec::new() }
    }

    /// Whether a measurement was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.filter.as_deref().is_none_or(|filter| name.contains(filter))
    }

    #[expect(clippy::print_stderr, reason = "progress, while the table is not there yet")]
    pub(crate) fn add(&mut self, figure: Figure) {
        eprintln!("  {}: {:.1} {}", figure.name, figure.value, figure.unit);
        self.figures.push(figure);
    }

    #[expect(clippy::print_stdout, reason = "the figures are this program's output")]
    pub(crate) fn print(&self, as_json: bool) {
        if as_json {
            let figures: Vec<Value> = self.figures.iter().map(Figure::json).collect();
            println!("{}", json!({ "figures": figures }));
            return;
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::ASCII_MARKDOWN);
        table.set_header(["what", "measured", "reference, same run", "ratio", "aim"]);
        for figure in &self.figures {
            let reference = figure.reference.map_or(String::new(), |(name, value)| format!("{name}: {value:.1} {}", figure.unit));
            let ratio = figure.reference.map_or(String::new(), |(_, value)| format!("{:.2}", figure.value / value));
            table.add_row([
                figure.name.to_owned(),
                format!("{:.1} {}", figure.value, figure.unit),
                reference,
                ratio,
                figure.aim.to_owned(),
            ]);
        }
        println!("{table}");
    }
}

impl Figure {
    fn json(&self) -> Value {
        let reference = self.reference.map(|(name, value)| json!({ "name": name, "value": value, "ratio": self.value / value }));
        json!({ "name": self.name, "value": self.value, "unit": self.unit, "reference": reference, "aim": self.aim })
    }
}
