//! The accounts that can sign in. Each sees every project.

/// An account.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: &'static str,
    pub(crate) email: &'static str,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
}

pub(crate) const USERS: [User; 3] = [
    User {
        id: "6f1c2a52-0b7e-4c1f-9a3d-2f6b8c1d4e70",
        email: "ines@harbour.example",
        first_name: "Ines",
        last_name: "Marchetti",
    },
    User {
        id: "b83f0d19-5e64-4a7b-8d02-91c7a4e6f325",
        email: "tomas.obrien-nguyen@northwind.example",
        first_name: "Tomás",
        last_name: "O’Brien-Nguyễn",
    },
    User {
        id: "d2479ec0-3a18-4f95-b6e1-7c05f8d9a216",
        email: "misaki@sekai.example",
        first_name: "美咲",
        last_name: "高橋",
    },
];
