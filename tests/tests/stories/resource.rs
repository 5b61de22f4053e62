//! From the URL of an MCP server to a connection: the server's own metadata, its authorization server, a client that is
//! registered there, and a sign-in in the browser. Both servers are by other authors (`tests/peer`).

use grapnel_sandbox::ProviderId;
use grapnel_tests::form::Form;
use grapnel_tests::page::Role;
use grapnel_tests::scene::{BY_PORT, Scene};
use grapnel_tests::{Context, Result};

use crate::server::Server;

#[tokio::test]
async fn an_mcp_server_is_connected_by_its_url() -> Result<()> {
    let mut server = Server::start(&["mcp"]).await?;
    let mcp = server.mcp.clone().context("no MCP server")?;
    let scene = Scene::at(ProviderId::Custom, "resource").await?;
    let window = scene.step("Grapnel opens", scene.open_grapnel()).await?;
    let page = window.page();
    scene
        .step("The URL of an MCP server leads to its authorization server", async {
            page.press(Role::Button, "Add your own app").await?;
            page.press(Role::Choice, "Another provider").await?;
            page.fill("Issuer", &mcp).await?;
            page.press(Role::Button, "Discover").await?;
            page.says("Found the protected resource Peer tools").await
        })
        .await?;
    scene
        .step("The app is registered there without a client ID", async {
            Form::of("Another provider").back(BY_PORT).called("Tools").fill(&page).await?;
            page.send().await
        })
        .await?;
    server.told("client.registered").await?;
    scene
        .step("In the browser, the person signs in and agrees", async {
            page.press(Role::Button, "Sign-in options").await?;
            page.select("Prompt", "Both (login consent)").await?;
            page.press(Role::Button, "Connect").await?;
            page.says("login consent").await?;
            let there = scene.page_at(&format!("{}/interaction/", server.issuer)).await?;
            there.fill("Enter any login", "ada").await?;
            there.fill("and password", "any").await?;
            there.press(Role::Button, "Sign-in").await?;
            there.press(Role::Button, "Continue").await?;
            there.says("You can close this page.").await
        })
        .await?;
    scene
        .step("The connection is active, with the scopes that the resource asks for", async {
            page.find(Role::Tab, "Overview").await?;
            page.says("Active. Expires in").await?;
            page.says("mcp:tools").await
        })
        .await
}
