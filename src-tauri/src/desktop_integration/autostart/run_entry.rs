//! The entry of the registry of Windows by which a program starts at login.

use crate::arguments::HIDDEN;

/// The command line of the entry. A path cannot contain a quotation mark.
pub(super) fn command(program: &str) -> String {
    format!("\"{program}\" {HIDDEN}")
}

/// Whether the person has disabled the entry in the Task Manager, which leaves it, and marks it elsewhere: the first
/// byte is then odd.
pub(super) fn is_switched_off(mark: &[u8]) -> bool {
    mark.first().is_some_and(|byte| byte % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_starts_this_program_hidden() {
        let program = r"C:\Users\A B\AppData\Local\Grapnel\grapnel-desktop.exe";
        assert_eq!(command(program), format!("\"{program}\" --hidden"));
    }

    #[test]
    fn an_entry_can_be_switched_off_by_the_task_manager() {
        assert!(is_switched_off(&[3, 0, 0, 0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0xda, 1]));
        assert!(!is_switched_off(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert!(!is_switched_off(&[]));
    }
}
