//! Which account of this computer holds the other end of a TCP connection to a server of this program.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod unsupported;

#[cfg(target_os = "linux")]
pub(crate) use linux::is_another_account;
#[cfg(not(target_os = "linux"))]
pub(crate) use unsupported::is_another_account;
