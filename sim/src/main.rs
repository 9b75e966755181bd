//! The program `archipelago`. All it does is in [`archipelago_sim::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    archipelago_sim::cli::main()
}
