//! How the authorization response comes back.

/// The response mode (OAuth 2.0 Multiple Response Type Encoding Practices, OAuth 2.0 Form Post Response Mode, JARM).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query, which is the default of the code grant.
    Query,
    /// As a form that the browser posts.
    FormPost,
    /// As a JWT that the provider signs (JARM), in the query.
    Jwt,
    /// The same by its full name.
    QueryJwt,
    /// As a signed JWT in a form that the browser posts.
    FormPostJwt,
}

impl ResponseMode {
    /// All of them, the first of which is the default, with their values of the setting.
    pub const ALL: [(&'static str, Self); 5] = [
        ("query", Self::Query),
        ("form_post", Self::FormPost),
        ("jwt", Self::Jwt),
        ("query.jwt", Self::QueryJwt),
        ("form_post.jwt", Self::FormPostJwt),
    ];

    /// The `response_mode` parameter; `None` for the default, which is not sent.
    pub fn parameter(self) -> Option<&'static str> {
        let name = Self::ALL.iter().find(|(_, mode)| *mode == self).map(|(name, _)| *name);
        name.filter(|_| self != Self::Query)
    }

    /// Whether the browser posts a form.
    pub fn is_form(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }

    /// Whether the provider signs the response (JARM).
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Jwt | Self::QueryJwt | Self::FormPostJwt)
    }
}
