//! *machine-enrolled*: a machine was given access to read some vaults.

use super::Body;

pub(super) fn body(device: &str, machine: &str, vaults: usize) -> Body {
    let vaults = if vaults == 1 { "one of your vaults".to_owned() } else { format!("{vaults} of your vaults") };
    Body {
        subject: "A machine was given access to your Truebell vaults",
        happened: format!("A machine called {machine} was given access to read {vaults}, on {device}."),
        facts: vec![("The machine", machine.to_owned())],
        meaning: "It can read these vaults and change nothing. You are told this once: you get no mail when it reads them, however often it does.".into(),
        if_not_you: "Somebody can open your account. On a device of yours, take the machine's access away (truebell machine revoke), remove \
                     devices you do not know (truebell devices revoke), then change your password (truebell password change) and your \
                     Secret Key (truebell secret-key rotate).",
    }
}
