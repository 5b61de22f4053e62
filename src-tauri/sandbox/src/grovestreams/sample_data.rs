//! Made-up users and organizations of GroveStreams.

use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::grovestreams::constants::ACCOUNTS;
use crate::random::digest;
use crate::sample_data::{USERS, User};

/// Uid, name, and the members by index in the list of accounts; the first is the owner.
type Organization = (&'static str, &'static str, &'static [usize]);

const ORGANIZATIONS: [Organization; 3] = [
    ("1fd0a6c2-8a1e-3d47-b0f9-52c6e7718da4", "Harbour Coffee Roasters", &[0, 1]),
    ("93c5be10-47f2-3a68-8d1b-ef0a62c947b5", "Northwind Bakery", &[1, 0, 2]),
    ("c07a1d94-e5b3-3f20-9c76-0b84d3f1a65e", "世界の台所 · Sensors", &[2]),
];

/// Organization, uid, name and number of streams. Components are documented on other pages of the provider.
const COMPONENTS: [(usize, &str, &str, u32); 5] = [
    (0, "5b1c7f08-21da-3e96-a04b-6c8f90d2e173", "Roaster 1", 12),
    (0, "a94e02d7-6f3b-3c15-8e70-d51b94c6fa28", "Warehouse, humidity", 3),
    (0, "07df6b31-c852-3a4e-9b1d-24e7a0f85c69", "", 0),
    (1, "e2683ca5-0d17-3f9b-b5c4-817f3d60ea92", "Oven Süd", 8),
    (2, "3c9a5e70-b4f6-3182-a7d9-f06e1b82c5d4", "冷蔵庫", 2),
];

/// The user with this email and password.
pub(super) fn sign_in(email: &str, password: &str) -> Option<&'static str> {
    let (_, right, uid) = ACCOUNTS.into_iter().find(|(known, ..)| known.eq_ignore_ascii_case(email))?;
    bool::from(digest(right).ct_eq(&digest(password))).then_some(uid)
}

pub(super) fn user(uid: &str) -> Option<Value> {
    let (n, User { email, first_name, last_name, .. }) =
        USERS.iter().enumerate().find(|(_, user)| user.id == uid)?;
    let mine = ORGANIZATIONS.iter().filter(|(.., members)| members.contains(&n));
    let organization: Vec<Value> = mine
        .map(|(uid, name, members)| json!({ "uid": uid, "name": name, "isOwner": members.first() == Some(&n) }))
        .collect();
    Some(json!({
        "uid": uid,
        "firstName": first_name,
        "lastName": last_name,
        "email": email,
        "organization": organization,
    }))
}

/// The components of an organization, if this user belongs to it.
pub(super) fn components(org: &str, user_uid: &str) -> Option<Value> {
    let user = USERS.iter().position(|user| user.id == user_uid)?;
    let at = ORGANIZATIONS.iter().position(|(uid, _, members)| *uid == org && members.contains(&user))?;
    let theirs = COMPONENTS.iter().filter(|(of, ..)| *of == at);
    let items: Vec<Value> = theirs
        .map(|(_, uid, name, streams)| json!({ "uid": uid, "name": name, "streamCount": streams }))
        .collect();
    Some(json!(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_signs_in_as_its_user() {
        for (email, password, uid) in ACCOUNTS {
            assert_eq!(sign_in(email, password), Some(uid));
            assert_eq!(user(uid).unwrap()["email"], email);
            assert_eq!(sign_in(email, "another"), None);
        }
    }
}
