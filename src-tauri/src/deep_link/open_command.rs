//! The command by which the registry of Windows opens a link.

/// The program of a command line: up to the closing quotation mark, or else the first space.
pub(super) fn program(command: &str) -> Option<&str> {
    let command = command.trim_start();
    let program = match command.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => command.split(' ').next()?,
    };
    (!program.is_empty()).then_some(program)
}

/// Whether two paths are the same one: Windows ignores the case, and has a prefix for long paths.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let plain = |path: &str| path.strip_prefix(r"\\?\").unwrap_or(path).replace('/', r"\").to_lowercase();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_registered_command_is_found() {
        let own = r"C:\Users\A B\AppData\Local\Grapnel\grapnel-desktop.exe";
        assert_eq!(program(&format!("\"{own}\" \"%1\"")), Some(own));
        assert_eq!(program(r"C:\Grapnel\g.exe %1"), Some(r"C:\Grapnel\g.exe"));
        assert_eq!(program(r"C:\Grapnel\g.exe"), Some(r"C:\Grapnel\g.exe"));
        for other in ["", "  ", "\"C:\\unfinished", "\"\" %1"] {
            assert_eq!(program(other), None, "{other}");
        }
    }

    #[test]
    fn paths_are_compared_as_windows_does() {
        assert!(is_same(r"C:\Program Files\Grapnel\g.exe", r"\\?\c:\program files\GRAPNEL\g.EXE"));
        assert!(is_same("C:/Grapnel/ü.exe", r"C:\Grapnel\Ü.exe"));
        assert!(!is_same(r"C:\Grapnel\g.exe", r"D:\Grapnel\g.exe"));
    }
}
