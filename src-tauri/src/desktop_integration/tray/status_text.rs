//! What the tray says of all connections.

use grapnel_core::connection::StatusCounts;

/// The most connections that the menu lists.
pub(super) const MAX_LISTED: usize = 5;

/// The worst status, and how many connections have it.
pub(super) fn status_text(status_counts: &StatusCounts) -> String {
    let worst_first = [
        (status_counts.needing.len(), "needs to be reconnected", "need to be reconnected"),
        (status_counts.locked, "waits for the keyring", "wait for the keyring"),
        (status_counts.retrying, "is being retried", "are being retried"),
    ];
    for (count, one, several) in worst_first {
        match count {
            0 => {}
            1 if status_counts.all == 1 => return format!("The connection {one}"),
            1 => return format!("1 of {} connections {one}", status_counts.all),
            count => return format!("{count} of {} connections {several}", status_counts.all),
        }
    }
    match status_counts.all - status_counts.disconnected {
        0 => "No connection".to_owned(),
        1 => "The connection works".to_owned(),
        count => format!("All {count} connections work"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_status_is_shown_with_its_count() {
        let needing = |count| {
            let one = serde_json::json!({
                "id": "c", "name": "c", "app_id": "a", "app_name": "a", "provider": "custom", "provider_name": "P",
                "state": "reconnect_needed", "expires_at": null, "retry_at": null,
                "lacks_scopes": false,
                "can_refresh": true,
                "annotations": { "label": null, "note": "", "pinned": false, "position": null },
            });
            vec![serde_json::from_value(one).unwrap(); count]
        };
        let of = |all, disconnected, locked, retrying, count| StatusCounts {
            all,
            disconnected,
            locked,
            retrying,
            needing: needing(count),
        };
        let cases = [
            (of(0, 0, 0, 0, 0), "No connection"),
            (of(1, 1, 0, 0, 0), "No connection"),
            (of(1, 0, 0, 0, 0), "The connection works"),
            (of(3, 1, 0, 0, 0), "All 2 connections work"),
            (of(1, 0, 1, 0, 0), "The connection waits for the keyring"),
            (of(2, 0, 0, 1, 0), "1 of 2 connections is being retried"),
            (of(3, 0, 2, 1, 0), "2 of 3 connections wait for the keyring"),
            (of(3, 0, 1, 1, 1), "1 of 3 connections needs to be reconnected"),
        ];
        for (status_counts, said) in cases {
            assert_eq!(status_text(&status_counts), said);
        }
    }
}
