//! A token by its digest, so that no token is printed.

/// A part of a token that suffices to distinguish two of them, but not to use one.
pub(crate) fn fingerprint(token: &str) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(token, &mut hasher);
    format!("{:016x}", std::hash::Hasher::finish(&hasher))
}
