//! The grants that an issuer offers, and the one to choose.

use grapnel_model::provider::GrantType;

use super::metadata::Metadata;

/// The grants that both the issuer and Grapnel support. Without a list, RFC 8414 §2 has the authorization code grant as
/// the default; a device authorization endpoint announces its grant as well.
pub(super) fn offered(metadata: &Metadata) -> Vec<GrantType> {
    let announced = metadata.list("grant_types_supported");
    let is_offered = |grant: &GrantType| match grant {
        _ if !announced.is_empty() => announced.contains(&grant.identifier()),
        GrantType::AuthorizationCode => true,
        GrantType::DeviceCode => metadata.endpoint("device_authorization_endpoint").is_some(),
        GrantType::ClientCredentials | GrantType::JwtBearer => false,
    };
    GrantType::ALL.into_iter().filter(is_offered).collect()
}

/// The grant of a new app: the first that is offered with its endpoint.
pub(super) fn chosen(metadata: &Metadata) -> GrantType {
    let offered = offered(metadata);
    let has_endpoint =
        |grant: &&GrantType| endpoint_of(**grant).is_none_or(|name| metadata.endpoint(name).is_some());
    offered.iter().find(has_endpoint).or(offered.first()).copied().unwrap_or_default()
}

/// The endpoints that a grant needs.
pub(super) fn endpoints_of(grant: GrantType) -> impl Iterator<Item = &'static str> {
    endpoint_of(grant).into_iter().chain(["token_endpoint"])
}

fn endpoint_of(grant: GrantType) -> Option<&'static str> {
    match grant {
        GrantType::AuthorizationCode => Some("authorization_endpoint"),
        GrantType::DeviceCode => Some("device_authorization_endpoint"),
        GrantType::ClientCredentials | GrantType::JwtBearer => None,
    }
}

/// What a person should know if the grant is not the usual one.
pub(super) fn note(grant: GrantType) -> Option<String> {
    match grant {
        GrantType::AuthorizationCode => None,
        GrantType::DeviceCode => Some(
            "The issuer announces the device authorization grant (RFC 8628) and no authorization code grant. You sign \
             in by entering a code on the provider’s page."
                .into(),
        ),
        GrantType::JwtBearer => Some(
            "The issuer announces the JWT bearer grant (RFC 7523) and no grant with a sign-in. The app gets tokens \
             with a private key, without a person."
                .into(),
        ),
        GrantType::ClientCredentials => Some(
            "The issuer announces the client credentials grant and no grant with a sign-in. The app gets tokens for \
             itself, without a person."
                .into(),
        ),
    }
}
