//! What was not carried, line by line. A loss that is not in here is a defect.
//!
//! A line names the record, the field and the reason, never a value: reports are shown, saved and mailed around.

use serde::Serialize;

/// The lines of one import or one export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LossReport {
    /// Records the source had.
    pub records: usize,
    /// Items made of them.
    pub items: usize,
    /// Files (attachments) carried.
    pub files: usize,
    /// What was left out or carried in another shape, in the order of the source.
    pub losses: Vec<Loss>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// Where in the source: `line 7`, `record 12`, `all records`.
    pub place: String,
    /// The record's title, may be empty.
    pub record: String,
    /// The field, or nothing when it is the whole record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Lost, or carried in another shape.
    pub fate: Fate,
    /// One clause for people: why.
    pub reason: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It is not in the result.
    Lost,
    /// It is in the result, but not in the shape it had.
    Changed,
}

impl Fate {
    /// The word a table shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Changed => "changed",
        }
    }
}

impl LossReport {
    /// Column titles for [`LossReport::rows`].
    pub const COLUMNS: [&'static str; 5] = ["where", "record", "field", "fate", "why"];

    /// The lines as a table, one row each, in the order of [`LossReport::COLUMNS`].
    pub fn rows(&self) -> impl Iterator<Item = [&str; 5]> {
        self.losses.iter().map(|loss| {
            let field = loss.field.as_deref().unwrap_or("(whole record)");
            [loss.place.as_str(), loss.record.as_str(), field, loss.fate.word(), loss.reason.as_str()]
        })
    }

    /// How many lines are real losses.
    pub fn lost(&self) -> usize {
        self.losses.iter().filter(|loss| loss.fate == Fate::Lost).count()
    }

    /// The report as JSON with stable member names.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "records": self.records,
            "items": self.items,
            "files": self.files,
            "lost": self.lost(),
            "losses": self.losses,
        })
    }

    /// Notes a field that is not in the result.
    pub(crate) fn lose(&mut self, place: &str, record: &str, field: &str, reason: &str) {
        self.push(place, record, Some(field), Fate::Lost, reason);
    }

    /// Notes a field whose shape changed.
    pub(crate) fn change(&mut self, place: &str, record: &str, field: &str, reason: &str) {
        self.push(place, record, Some(field), Fate::Changed, reason);
    }

    /// Notes a record that is not in the result.
    pub(crate) fn lose_record(&mut self, place: &str, record: &str, reason: &str) {
        self.push(place, record, None, Fate::Lost, reason);
    }

    fn push(&mut self, place: &str, record: &str, field: Option<&str>, fate: Fate, reason: &str) {
        self.losses.push(Loss {
            place: place.to_owned(),
            record: record.to_owned(),
            field: field.map(str::to_owned),
            fate,
            reason: reason.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_stable_json_and_table_rows() {
        let mut report = LossReport { records: 2, items: 1, ..LossReport::default() };
        report.lose("record 1", "Bank", "icon", "icons are not kept");
        report.lose_record("record 2", "", "it is empty");
        insta::assert_snapshot!(report.to_json(), @r#"{"files":0,"items":1,"losses":[{"fate":"lost","field":"icon","place":"record 1","reason":"icons are not kept","record":"Bank"},{"fate":"lost","place":"record 2","reason":"it is empty","record":""}],"lost":2,"records":2}"#);
        let rows: Vec<_> = report.rows().collect();
        assert_eq!(rows[1], ["record 2", "", "(whole record)", "lost", "it is empty"]);
    }
}
