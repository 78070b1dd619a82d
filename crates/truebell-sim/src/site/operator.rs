//! What its operator says and where it is read, and how old the program is: for drills.

use super::{Condition, Question, STATUS_ADDRESS, Site};
use truebell_client::Method;
use truebell_core::status::{Said, StatusId};
use truebell_server::status::say;

impl Site {
    /// From now on the server names a status page on another host to devices that are enrolled.
    pub fn name_status_page(&mut self) {
        self.settings.status_url = Some(STATUS_ADDRESS.to_owned());
        self.restart();
    }

    /// The operator says something through the running process, and the status page is written again. With several processes only the
    /// first one hears it.
    pub fn say(&mut self, said: Said) -> StatusId {
        let id = match self.instances.first().map(|instance| instance.app.clone()) {
            Some(app) => self.runtime.block_on(say(&app, said)).0,
            None => StatusId(String::new()),
        };
        let (condition, was) = (self.condition, Condition::Up);
        self.condition = was;
        let page = self.answer(&Question {
            line: 0,
            method: Method::Get,
            path: "/v1/status".into(),
            content_type: String::new(),
            body: Vec::new(),
            nonce: "AAAAAAAAAAAAAAAAAAAAAA".into(),
            token: None,
        });
        self.condition = condition;
        self.page = page.map(|page| page.body);
        id
    }

    /// What the status page's host has.
    pub(crate) fn status_page(&self) -> Option<Vec<u8>> {
        self.page.clone()
    }

    /// The server is of a version that does not know requests whose path begins so; `None`: it knows all.
    pub fn knows_not(&mut self, path: Option<&'static str>) {
        self.unknown = path;
    }
}
