//! An answer of the honest server, taken apart so that it can be bent, and signed again as if it were meant so.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, HEADER, Head, Status};
use truebell_core::sign::{PublicKey, SigningKey};
use truebell_core::vault::Revision;
use truebell_core::wire::account::SignedRecord;
use truebell_core::wire::sync::{Frame, take_frame};

/// One request, as the operator sees it.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub method: String,
    pub path: String,
    pub token: Option<String>,
    pub nonce: [u8; 16],
    pub body: Vec<u8>,
}

impl Heard {
    /// Whether it asks what is new.
    pub(crate) fn is_sync(&self) -> bool {
        self.path == "/v1/sync"
    }
}

/// One answer. With a head it is signed when it leaves, whatever became of it; without one it leaves as a stranger's.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub head: Option<Head>,
    pub body: Vec<u8>,
    /// A head that was signed before, sent again as it was.
    pub replayed: Option<String>,
}

impl Answer {
    pub(crate) async fn read(response: Response, key: &PublicKey) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        let value = parts.headers.get(HEADER).and_then(|value| value.to_str().ok());
        let head = value.and_then(|value| Head::verify(value, key).ok());
        Self { status: parts.status, headers: parts.headers, head, body, replayed: None }
    }

    pub(crate) fn into_response(mut self, key: &SigningKey) -> Response {
        self.headers.remove(header::CONTENT_LENGTH);
        self.headers.remove(header::TRANSFER_ENCODING);
        self.headers.remove(HEADER);
        self.sign_records(key);
        let value = self.replayed.or_else(|| {
            let mut head = self.head?;
            // A stream carries its own proofs; of everything else the head names the body.
            head.body = head.body.map(|_| Hash32::derive_plain(&self.body));
            Some(head.sign(key))
        });
        if let Some(value) = value {
            self.headers.insert(HEADER, HeaderValue::try_from(value).unwrap());
        }
        let mut response = Response::new(Body::from(self.body));
        (*response.status_mut(), *response.headers_mut()) = (self.status, self.headers);
        response
    }

    /// The operator signs what it bent.
    fn sign_records(&mut self, key: &SigningKey) {
        let Some(account) = self.account().map(|head| head.account) else { return };
        let mut frames = self.frames();
        if frames.iter().any(|frame| matches!(frame, Frame::Record(_))) {
            for frame in &mut frames {
                if let Frame::Record(signed) = frame {
                    *frame = Frame::Record(SignedRecord::sign(signed.record.clone(), account, key));
                }
            }
            self.set_frames(&frames);
        }
    }

    /// The frames of a sync.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        let (mut rest, mut frames) = (self.body.clone(), Vec::new());
        while let Ok(Some(frame)) = take_frame(&mut rest) {
            frames.push(frame);
        }
        frames
    }

    pub(crate) fn set_frames(&mut self, frames: &[Frame]) {
        self.body = frames.iter().flat_map(Frame::to_bytes).collect();
    }

    /// Bends the frames of a sync.
    pub(crate) fn with_frames(&mut self, bend: impl FnOnce(&mut Vec<Frame>)) {
        let mut frames = self.frames();
        bend(&mut frames);
        self.set_frames(&frames);
    }

    /// Bends all revisions of a sync, vault by vault.
    pub(crate) fn with_revisions(&mut self, mut bend: impl FnMut(&mut Vec<Revision>)) {
        self.with_frames(|frames| {
            for frame in frames {
                if let Frame::Revisions(_, revisions) = frame {
                    bend(revisions);
                }
            }
        });
    }

    /// Where the head says the account stands.
    pub(crate) fn account(&mut self) -> Option<&mut AccountHead> {
        self.head.as_mut()?.account.as_mut()
    }

    /// Bends a JSON body.
    pub(crate) fn with_json<T: DeserializeOwned + serde::Serialize>(&mut self, bend: impl FnOnce(&mut T)) {
        if let Ok(mut value) = serde_json::from_slice(&self.body) {
            bend(&mut value);
            self.body = serde_json::to_vec(&value).unwrap();
        }
    }

    /// Says something else became of the request, signed.
    pub(crate) fn claim(&mut self, http: u16, status: Status) {
        self.status = StatusCode::from_u16(http).unwrap();
        self.body = b"{}".to_vec();
        if let Some(head) = &mut self.head {
            (head.status, head.body) = (status, Some(Hash32::default()));
        }
    }

    /// Answers as somebody in between would: unsigned.
    pub(crate) fn pretend_stranger(&mut self, http: u16, kind: &'static str, body: &str) {
        self.status = StatusCode::from_u16(http).unwrap();
        (self.head, self.body) = (None, body.as_bytes().to_vec());
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
}
