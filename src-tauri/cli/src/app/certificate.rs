//! An app's TLS certificate as text and JSON.

use grapnel_model::client_certificate::CertificateView;
use jiff::Timestamp;
use serde::Serialize;

use crate::print::CommandResult;
use crate::table::fields;

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Certificate {
    pub(super) view: CertificateView,
    /// Whether the text is the certificates in PEM.
    #[serde(skip)]
    pub(super) is_pem: bool,
}

impl CommandResult for Certificate {
    fn text(&self, _: Timestamp) -> String {
        let CertificateView { subject, issuer, not_before, not_after, thumbprint, pem, note, .. } =
            &self.view;
        if self.is_pem {
            return pem.trim_end().to_owned();
        }
        let day = |at: &Timestamp| at.strftime("%Y-%m-%d").to_string();
        let issuer = if issuer == subject { "self-signed".to_owned() } else { issuer.clone() };
        let about = fields([
            ("subject", subject.clone()),
            ("issuer", issuer),
            ("valid", format!("{} to {}", day(not_before), day(not_after))),
            ("thumbprint (x5t#S256)", thumbprint.clone()),
        ]);
        note.as_ref().map_or(about.clone(), |note| format!("{about}\n\n{note}"))
    }
}
