//! The commands: one file each, arguments on top, what they do below. Never here: how an account answers (`agent`), how words look
//! (`output`).

mod account;
mod address;
mod attach;
mod background;
mod backup;
mod breach;
mod ca_file;
mod child;
mod completions;
mod config;
mod context;
mod corpus;
mod device_name;
mod devices;
mod drill;
mod events;
mod export;
mod files;
mod generate;
mod health;
mod help;
mod import;
mod incident;
mod inject;
mod invite;
mod item;
mod journal;
mod kit;
mod lock;
mod log;
mod machine;
pub(crate) mod machine_token;
mod mail;
mod maintenance;
mod notice;
mod packed;
mod password;
mod read;
mod refer;
mod restore;
mod run;
mod search;
mod second_factor;
mod secret_key;
mod serve;
mod sessions;
mod signals;
mod signin;
mod signout;
mod signup;
mod site;
mod status;
mod status_page;
mod store;
mod sync;
mod totp;
mod unlock;
mod vault;

pub use context::{Context, Globals};

use crate::exit::{Answered, Code, Ending, Failure};
use crate::output::{Manner, Output};
use clap::{CommandFactory, Parser, Subcommand};

/// The top page: commands by what a person wants, not by the alphabet.
const TOP: &str = "\
{about}

{usage-heading} {usage}

Account
  signup         Make an account, and its Emergency Kit
  signin         Open an account on this device
  unlock, lock   Keep the account unlocked for a while; forget it
  status         How things stand, and why
  sync           Sync with the server now
  password       Change the account password
  secret-key     Replace the Secret Key
  address        Change the mail address
  second-factor  Add or remove a second factor
  account        Delete the account, or keep it after all
  kit            Write, show or test an Emergency Kit
  signout        Remove the account from this device

Items
  item           List, read, create, edit, remove and restore items
  search         Find items
  totp           Show a one-time password
  attach         Files of items
  vault          List, create and name vaults
  generate       Make a password or passphrase
  import         Read the file of another password manager
  export         Write items to a file

Secrets for programs
  read           Print one field: tb://vault/item/field
  run            Run a program with secrets in its environment
  inject         Fill secrets into a template

Security
  events         What happened to the account: the inbox of verified notices
  notice         Check a notice by its code, or take it back
  health         What is wrong in your vaults, and what to do
  log            The server's public log of events, and what is proven of it
  devices        List devices, or take access away
  machine        Let builds and servers read vaults, without a flood of mails
  sessions       List sessions, or end one
{server}
More
  completions    Completions for your shell
  help           Help on a command, or on exit-codes, references, secrets

Options
{options}

`truebell help COMMAND` tells more. Start with `truebell signup`, or `truebell signin --kit kit.pdf`.
";

/// Lines of the commands that run a server, in the top page.
const SERVER_COMMANDS: &str = "
Server
  serve          Run a server
  invite         Invite a person to sign up
  config         Check a server's configuration
  backup         Back up a server into one sealed file
  restore        Bring a server back from its backup
  mail           Mails whose fate is not known, and notices that were wrong
  maintenance    Announce, begin and end work on the server
  incident       Say what is wrong with the server
  status-page    Write the status page, for another host
  signals        Systems that are told of security events
  store          Move the database to another place while it serves
  drill          Play a bad day again

Exposed passwords
  corpus         Build, check and serve digests of exposed passwords
  site           Name the sites whose accounts are protected, and look at them
  breach         Look at a breach list, and find whom of a site it exposes
";

/// A password manager whose alarms can be believed
#[derive(Debug, Parser)]
#[command(name = "truebell", version, disable_help_subcommand = true, max_term_width = 100)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account, and its Emergency Kit
    Signup(signup::Signup),
    /// Open an account on this device
    Signin(signin::Signin),
    /// Keep the account unlocked for a while
    Unlock(unlock::Unlock),
    /// Forget the unlocked account
    Lock(lock::Lock),
    /// How things stand, and why
    Status(status::Status),
    /// Sync with the server now
    Sync(sync::Sync),
    /// List, read, create, edit, remove and restore items
    #[command(subcommand)]
    Item(item::Item),
    /// Find items
    Search(search::Search),
    /// Make a password or passphrase
    Generate(generate::Generate),
    /// Show a one-time password
    Totp(totp::Totp),
    /// Files of items
    #[command(subcommand)]
    Attach(attach::Attach),
    /// Print one field: tb://vault/item/field
    Read(read::Read),
    /// Run a program with secrets in its environment
    Run(run::Run),
    /// Fill secrets into a template
    Inject(inject::Inject),
    /// List, create and name vaults
    #[command(subcommand)]
    Vault(vault::Vault),
    /// List devices, or take access away
    Devices(devices::Devices),
    /// Let programs that run by themselves read vaults
    #[command(subcommand)]
    Machine(machine::Machine),
    /// List sessions, or end one
    Sessions(sessions::Sessions),
    /// Change the account password
    #[command(subcommand)]
    Password(password::Password),
    /// Replace the Secret Key
    #[command(subcommand)]
    SecretKey(secret_key::SecretKey),
    /// Change the mail address
    #[command(subcommand)]
    Address(address::Address),
    /// Delete the account, or keep it after all
    #[command(subcommand)]
    Account(account::Account),
    /// Add or remove a second factor
    #[command(subcommand)]
    SecondFactor(second_factor::SecondFactor),
    /// Write, show or test an Emergency Kit
    #[command(subcommand)]
    Kit(kit::Kit),
    /// What is wrong in your vaults, and what to do
    Health(health::Health),
    /// What happened to the account: the inbox of verified notices
    Events(events::Events),
    /// Check a notice by its code
    #[command(subcommand)]
    Notice(notice::Notice),
    /// The server's public log of events, and what is proven of it
    Log(log::Log),
    /// Read the file of another password manager
    Import(import::Import),
    /// Write items to a file
    Export(export::Export),
    /// Run a server
    Serve(serve::Serve),
    /// Invite a person to sign up
    Invite(invite::Invite),
    /// The server's configuration
    #[command(subcommand)]
    Config(config::Config),
    /// Back up a server into one sealed file
    Backup(backup::Backup),
    /// Bring a server back from its backup
    Restore(restore::Restore),
    /// The server's mails
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Work on the server: announce, begin and end it
    #[command(subcommand)]
    Maintenance(maintenance::Maintenance),
    /// Say what is wrong with the server, and when it is over
    #[command(subcommand)]
    Incident(incident::Incident),
    /// The server's status page
    #[command(subcommand)]
    StatusPage(status_page::StatusPage),
    /// Systems that are told of security events
    #[command(subcommand)]
    Signals(signals::Signals),
    /// The server's database
    #[command(subcommand)]
    Store(store::Store),
    /// Play a bad day again
    #[command(subcommand)]
    Drill(drill::Drill),
    /// Digests of exposed passwords: build, check and serve them
    #[command(subcommand)]
    Corpus(corpus::Corpus),
    /// Sites whose accounts are protected when lists of passwords get about
    #[command(subcommand)]
    Site(site::Site),
    /// Breach lists: look at one, and find whom of a site it exposes
    #[command(subcommand)]
    Breach(breach::Breach),
    /// Completions for your shell
    Completions(completions::Completions),
    /// Remove the account from this device
    Signout(signout::Signout),
    /// Help on a command, or on exit-codes, references, secrets
    Help(help::Help),
    /// The background process that holds the unlocked account
    #[command(hide = true)]
    Agent(background::Agent),
    /// The background process that clears the clipboard
    #[command(hide = true)]
    Clipboard(background::Clipboard),
}

/// The whole tree, as clap knows it.
pub fn tree() -> clap::Command {
    Cli::command().help_template(TOP.replace("{server}", SERVER_COMMANDS))
}

/// The program: reads the arguments, runs the command, says how it ended.
pub fn main() -> Ending {
    let matches = match tree().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refuse(&error),
    };
    let cli = match <Cli as clap::FromArgMatches>::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let mut context = Context::new(cli.globals);
    let ended = context.take_password_line().and_then(|()| dispatch(cli.command, &mut context));
    context.show_notices();
    match ended {
        Ok(ending) => ending,
        Err(failure) => {
            context.out.failure(&failure);
            Ending::Failed(failure.code)
        }
    }
}

/// Help, the version, or arguments that do not fit.
fn refuse(error: &clap::Error) -> Ending {
    if !error.use_stderr() {
        // A reader that has gone has read enough.
        drop(error.print());
        return Ending::Ok;
    }
    let is_json = std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json");
    if is_json {
        let message = error.render().to_string();
        let message = message.trim_start_matches("error: ").trim_end();
        Output::new(Manner { json: true, ..Manner::default() }).failure(&Failure::usage(message));
    } else {
        drop(error.print());
    }
    Ending::Failed(Code::Usage)
}

fn dispatch(command: Command, context: &mut Context) -> Answered<Ending> {
    match command {
        Command::Signup(command) => command.run(context),
        Command::Health(command) => return command.run(context),
        Command::Signin(command) => command.run(context),
        Command::Unlock(command) => command.run(context),
        Command::Lock(command) => command.run(context),
        Command::Status(command) => command.run(context),
        Command::Sync(command) => command.run(context),
        Command::Item(command) => command.run(context),
        Command::Search(command) => command.run(context),
        Command::Generate(command) => command.run(context),
        Command::Totp(command) => command.run(context),
        Command::Attach(command) => command.run(context),
        Command::Read(command) => command.run(context),
        Command::Run(command) => return command.run(context),
        Command::Inject(command) => command.run(context),
        Command::Vault(command) => command.run(context),
        Command::Devices(command) => command.run(context),
        Command::Machine(command) => command.run(context),
        Command::Sessions(command) => command.run(context),
        Command::Password(command) => command.run(context),
        Command::SecretKey(command) => command.run(context),
        Command::Address(command) => command.run(context),
        Command::Account(command) => command.run(context),
        Command::SecondFactor(command) => command.run(context),
        Command::Kit(command) => command.run(context),
        Command::Events(command) => command.run(context),
        Command::Notice(command) => return command.run(context),
        Command::Log(command) => command.run(context),
        Command::Import(command) => command.run(context),
        Command::Export(command) => command.run(context),
        Command::Serve(command) => command.run(context),
        Command::Invite(command) => command.run(context),
        Command::Config(command) => command.run(context),
        Command::Backup(command) => command.run(context),
        Command::Restore(command) => command.run(context),
        Command::Mail(command) => command.run(context),
        Command::Maintenance(command) => command.run(context),
        Command::Incident(command) => command.run(context),
        Command::StatusPage(command) => command.run(context),
        Command::Signals(command) => command.run(context),
        Command::Store(command) => command.run(context),
        Command::Drill(command) => command.run(context),
        Command::Corpus(command) => return command.run(context),
        Command::Site(command) => command.run(context),
        Command::Breach(command) => return command.run(context),
        Command::Completions(command) => command.run(context),
        Command::Signout(command) => command.run(context),
        Command::Help(command) => command.run(context),
        Command::Agent(command) => command.run(),
        Command::Clipboard(command) => command.run(),
    }
    .map(|()| Ending::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_well_formed() {
        tree().debug_assert();
    }

    #[test]
    fn the_top_page_names_each_command() {
        let page = tree().render_help().to_string();
        for command in tree().get_subcommands().filter(|command| !command.is_hide_set()) {
            let named = |line: &str| line.split("  ").nth(1).is_some_and(|names| names.split(", ").any(|name| name == command.get_name()));
            assert!(page.lines().any(named), "the top page lacks {}", command.get_name());
        }
    }

    #[test]
    fn no_option_takes_a_secret_from_argv() {
        // A notice's check code is no secret: the mail prints it, and anybody may ask the server what it is of.
        let public = ["truebell notice retract: code", "truebell mail retract: code"];
        fn check(command: &clap::Command, path: &str, found: &mut Vec<String>) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let secret = ["password", "secret-key", "secret_key", "code", "passphrase"].contains(&id);
                if secret && argument.get_action().takes_values() {
                    found.push(format!("{path}: {id}"));
                }
            }
            command.get_subcommands().for_each(|inner| check(inner, &format!("{path} {}", inner.get_name()), found));
        }
        let mut found = Vec::new();
        check(&tree(), "truebell", &mut found);
        found.sort_by_key(|name| public.iter().position(|public| public == name));
        assert_eq!(found, public, "what else takes a secret from argv");
    }
}
