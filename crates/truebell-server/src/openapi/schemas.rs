//! The JSON bodies, each as one line of members: `name:kind`, `name?:kind` where it may be left out. A test holds every line against what
//! serde writes for the wire type.

/// A body.
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    members: &'static str,
}

/// A member of a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) is_optional: bool,
}

impl Schema {
    pub(super) fn members(&self) -> Vec<Member<'static>> {
        let read = |member: &'static str| {
            let (name, kind) = member.split_once(':')?;
            let is_optional = name.ends_with('?');
            Some(Member { name: name.trim_end_matches('?'), kind, is_optional })
        };
        self.members.split_whitespace().filter_map(read).collect()
    }
}

const fn schema(name: &'static str, about: &'static str, members: &'static str) -> Schema {
    Schema { name, about, members }
}

pub(super) const SCHEMAS: &[Schema] = &[
    schema("Problem", "Why a request is refused (RFC 9457).", "type:reason title:text status:number detail?:text"),
    schema(
        "ServerInfo",
        "Who a server is.",
        "server:srv_ key:bytes generation:bytes restore_epoch:number version:text sign_up:open|invite|closed attachment_bytes_max:number \
         client_floor?:text status_url?:text",
    ),
    schema(
        "Checked",
        "What is known of a check code. A code no event has is `never-sent`; the members after the verdict are those of a genuine one, and of one that was taken back with what takes it back.",
        "code:text verdict:genuine|retracted|never-sent kind?:text at?:time server?:srv_ server_key?:bytes account?:acc_ account_key?:bytes event?:event retractions?:[event]",
    ),
    schema("AskProofs", "What a client remembers of the log, and digests of events.", "origin:text size:number events:[bytes]"),
    schema(
        "Proofs",
        "The published checkpoint, the hashes of a consistency proof, and the events that are in it.",
        "checkpoint:text consistency:[bytes] events:[EventProof]",
    ),
    schema("EventProof", "An event's place in the log and the path from its leaf to the root.", "digest:bytes index:number path:[bytes]"),
    schema("AccountPublic", "An account's public keys.", "account:acc_ signing:bytes kem:bytes"),
    schema("Session", "A session as its device learns it, once.", "session:ses_ token:secret expires:time"),
    schema("NewDevice", "A device as it introduces itself.", "device:dev_ key:bytes name:text platform:text"),
    schema("NewVault", "A vault as its owner creates it.", "vault:vlt_ key:bytes name:bytes head:bytes"),
    schema("Chain", "How far an account's chain of events is.", "seq:number digest:bytes epoch:number"),
    schema("SignUpStart", "First message of a sign-up.", "email:text account:acc_ invitation?:text opaque:bytes"),
    schema("SignUpStarted", "OPAQUE registration response.", "opaque:bytes"),
    schema(
        "SignUpFinish",
        "Everything an account starts with.",
        "email:text invitation?:text public:AccountPublic opaque:bytes keyset:bytes vault:NewVault device:NewDevice act:act",
    ),
    schema("SignUpFinished", "The account exists and this device is in.", "session:Session"),
    schema("Lookup", "An address.", "email:text"),
    schema("Looked", "The account to derive keys for.", "account:acc_"),
    schema("SignInStart", "First OPAQUE message.", "account:acc_ ke1:bytes"),
    schema("SignInStarted", "Its answer.", "ke2:bytes state:bytes"),
    schema("SignInFinish", "Second OPAQUE message.", "state:bytes ke3:bytes totp?:text"),
    schema(
        "SignInFinished",
        "Enough to unlock the account and to enrol this device.",
        "enrolment:secret email:text public:AccountPublic keyset:bytes chain:Chain",
    ),
    schema("Enrol", "Enrolment of the device that asks.", "device:NewDevice act:act"),
    schema("Enrolled", "It is in.", "session:Session"),
    schema("MachineKey", "A vault's key for a machine.", "vault:vlt_ key:bytes"),
    schema("EnrolMachine", "A machine that is let read some vaults.", "device:NewDevice vaults:[MachineKey] act:act"),
    schema("DeviceInfo", "A device in a list.", "device:dev_ name:text platform:text enrolled:time seen:time revoked:yes-no"),
    schema("Devices", "All devices.", "devices:[DeviceInfo]"),
    schema("SessionInfo", "A session in a list.", "session:ses_ device:dev_ opened:time expires:time current:yes-no"),
    schema("Sessions", "All live sessions.", "sessions:[SessionInfo]"),
    schema("Revoke", "The signed wish.", "act:act"),
    schema("Recorded", "The event an act became.", "event:event"),
    schema("Challenge", "A device asks for something to sign.", "device:dev_"),
    schema("Challenged", "What it is to sign.", "challenge:bytes"),
    schema("Prove", "The signed challenge.", "device:dev_ challenge:bytes signature:bytes"),
    schema("Proved", "A session.", "session:Session"),
    schema("CredentialsStart", "Proof of the old password begins, and so does the new one.", "ke1:bytes opaque:bytes"),
    schema("CredentialsStarted", "Its answer.", "ke2:bytes state:bytes opaque:bytes"),
    schema("CredentialsFinish", "The change.", "state:bytes ke3:bytes opaque:bytes keyset:bytes act:act"),
    schema("ChangeAddress", "The new address.", "email:text act:act"),
    schema("Deletion", "The signed wish.", "act:act"),
    schema("Acknowledge", "The signed act that takes a notice back.", "act:act"),
    schema("AddSecondFactor", "A TOTP generator, proven by a code.", "totp_uri:secret code:text act:act"),
    schema("RemoveSecondFactor", "A current code.", "code:text act:act"),
    schema("Committed", "The vault's sequence now.", "seq:number"),
];
