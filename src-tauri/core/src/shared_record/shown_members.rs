//! The members of a team as they are shown.

use grapnel_model::team::{TeamMember, TeamRole};
use grapnel_team::Membership;
use grapnel_team::port::MemberId;

/// The members as they are shown.
pub(crate) fn shown_members(membership: &Membership, own: &MemberId) -> (TeamRole, String, Vec<TeamMember>) {
    let shown = |member: &grapnel_team::Member| TeamMember {
        id: member.id.0.clone(),
        name: member.name.clone(),
        role: shown_role(member.role),
        since: member.since,
        is_self: member.id == *own,
    };
    let mut members: Vec<_> = membership.members.iter().map(shown).collect();
    members.sort_by_key(|member| (rank(member.role), member.name.to_lowercase()));
    let own = members.iter().find(|member| member.is_self);
    let (role, name) = own.map_or((TeamRole::Worker, String::new()), |own| (own.role, own.name.clone()));
    (role, name, members)
}

fn shown_role(role: grapnel_team::Role) -> TeamRole {
    match role {
        grapnel_team::Role::Owner => TeamRole::Owner,
        grapnel_team::Role::Member => TeamRole::Member,
        grapnel_team::Role::Worker => TeamRole::Worker,
    }
}

fn rank(role: TeamRole) -> u8 {
    match role {
        TeamRole::Owner => 0,
        TeamRole::Member => 1,
        TeamRole::Worker => 2,
    }
}
