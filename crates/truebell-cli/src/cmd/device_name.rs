//! What a device is called unless its owner says otherwise.

/// The machine's own name, without its domain.
pub(super) fn default_device_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    let name: String = name.split('.').next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(64).collect();
    if name.is_empty() { "command line".into() } else { name }
}
