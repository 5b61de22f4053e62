//! The D-Bus names of the Secret Service.

pub(super) const NAME: &str = "org.freedesktop.secrets";
pub(super) const PATH: &str = "/org/freedesktop/secrets";
pub(super) const SERVICE: &str = "org.freedesktop.Secret.Service";
