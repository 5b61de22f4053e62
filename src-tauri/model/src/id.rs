//! IDs of records: 128 random bits in hex. They never change and are never reused.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "specta", derive(specta::Type))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// A new random ID.
            pub fn random() -> Self {
                Self(crate::secret::hex(&crate::secret::random::<16>()))
            }
        }

        #[cfg(feature = "sqlite")]
        impl rusqlite::types::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        #[cfg(feature = "sqlite")]
        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                rusqlite::types::FromSql::column_result(value).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Identifies an app.
    AppId
);
id!(
    /// Identifies a connection.
    ConnectionId
);
id!(
    /// Identifies a sign-in attempt.
    AttemptId
);
id!(
    /// Identifies a token that is yet to be revoked.
    RevocationId
);
id!(
    /// Identifies a request to an API with its response.
    ExchangeId
);
id!(
    /// Identifies a request that the person saved.
    SavedRequestId
);
id!(
    /// Identifies a derived token.
    DerivedTokenId
);
id!(
    /// Identifies a hook.
    HookId
);
id!(
    /// Identifies a team. Unlike other IDs, it is the same on every computer.
    TeamId
);
