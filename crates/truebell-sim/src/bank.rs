//! What middle boxes really answer: statuses and pages of proxies, firewalls, captive portals, balancers and of other people's password
//! servers. None of them is signed. Never here: an answer of our own server.

/// One answer of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Who it is, for reports.
    pub who: &'static str,
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`; empty for none.
    pub content_type: &'static str,
    /// `Server` or `Via`; empty for none.
    pub via: &'static str,
    /// Body.
    pub body: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const TEXT: &str = "text/plain";

const fn page(who: &'static str, status: u16, content_type: &'static str, via: &'static str, body: &'static str) -> Page {
    Page { who, status, content_type, via, body }
}

/// All of them. A story names a page by its place: new ones go to the end.
pub const PAGES: &[Page] = &[
    page(
        "reverse proxy asks for a password",
        401,
        HTML,
        "nginx/1.24.0",
        "<html><head><title>401 Authorization Required</title></head><body><center><h1>401 Authorization Required</h1></center></body></html>",
    ),
    page(
        "reverse proxy forbids",
        403,
        HTML,
        "nginx",
        "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>",
    ),
    page("proxy's rule against forged requests", 401, TEXT, "Apache/2.4.57", "CSRF token missing or incorrect"),
    page(
        "company proxy",
        407,
        HTML,
        "1.1 proxy.corp (squid/5.7)",
        "<html><head><title>ERROR: Cache Access Denied</title></head><body>Sorry, you are not currently allowed to request this.</body></html>",
    ),
    page(
        "content network's block page",
        403,
        HTML,
        "cloudflare",
        "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>Sorry, you have been blocked. Cloudflare Ray ID: 7f2b9c41d2e05a13</body></html>",
    ),
    page(
        "content network's challenge",
        403,
        HTML,
        "cloudflare",
        "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>",
    ),
    page(
        "content network's rate limit",
        429,
        HTML,
        "cloudflare",
        "<html><head><title>Access denied | Error 1015</title></head><body>You are being rate limited</body></html>",
    ),
    page(
        "firewall's block page",
        200,
        HTML,
        "",
        "<html><head><title>Blocked by FortiGuard</title></head><body>Web Page Blocked!</body></html>",
    ),
    page(
        "firewall of an application",
        406,
        HTML,
        "awselb/2.0",
        "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Your support ID is: 1234</body></html>",
    ),
    page(
        "hotel's captive portal",
        200,
        HTML,
        "",
        "<html><head><title>Welcome to Hotel WiFi</title></head><body>Please sign in to continue</body></html>",
    ),
    page("portal's redirect", 302, HTML, "", "<a href=\"http://portal.local/login\">Found</a>"),
    page("redirect to a sign-in page", 307, HTML, "envoy", ""),
    page("moved for ever", 301, HTML, "nginx", "<html><head><title>301 Moved Permanently</title></head></html>"),
    page(
        "balancer without a server",
        503,
        HTML,
        "awselb/2.0",
        "<html><head><title>503 Service Temporarily Unavailable</title></head></html>",
    ),
    page("balancer's bad gateway", 502, HTML, "nginx/1.24.0", "<html><head><title>502 Bad Gateway</title></head><body></body></html>"),
    page("balancer's timeout", 504, HTML, "nginx", "<html><head><title>504 Gateway Time-out</title></head></html>"),
    page(
        "mesh without an upstream",
        503,
        TEXT,
        "envoy",
        "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
    ),
    page(
        "content network's own trouble",
        522,
        HTML,
        "cloudflare",
        "<html><head><title>vault.example.org | 522: Connection timed out</title></head></html>",
    ),
    page("empty answer", 200, "", "", ""),
    page("no content", 204, "", "", ""),
    page("empty object", 200, JSON, "", "{}"),
    page("empty list", 200, JSON, "", "[]"),
    page("null", 200, JSON, "", "null"),
    page(
        "imitates our refusal: no session",
        401,
        PROBLEM,
        "",
        "{\"type\":\"https://truebell.org/problems/no-session\",\"title\":\"This request needs a session: sign in on this device.\",\"status\":401}",
    ),
    page(
        "imitates our refusal: wrong details",
        403,
        PROBLEM,
        "",
        "{\"type\":\"https://truebell.org/problems/wrong-credentials\",\"title\":\"These details do not open this account here\",\"status\":403}",
    ),
    page(
        "imitates our refusal: device unknown",
        403,
        PROBLEM,
        "",
        "{\"type\":\"https://truebell.org/problems/device-unknown\",\"title\":\"This device cannot open a session on this server.\",\"status\":403}",
    ),
    page("imitates our answer to a commit", 200, JSON, "", "{\"seq\":1}"),
    page("imitates a recorded event", 200, JSON, "", "{\"event\":\"eyJhbGciOiJFZERTQSJ9.e30.AAAA\"}"),
    page(
        "imitates an opened session",
        200,
        JSON,
        "",
        "{\"session\":{\"session\":\"ses_00000000000000000000000000\",\"token\":\"tbs_x\",\"expires\":9999999999999}}",
    ),
    page(
        "another product: the grant is not valid",
        400,
        JSON,
        "",
        "{\"error\":\"invalid_grant\",\"error_description\":\"invalid_username_or_password\"}",
    ),
    page(
        "another product: the token is over",
        401,
        JSON,
        "",
        "{\"error\":\"invalid_token\",\"error_description\":\"The token has expired\"}",
    ),
    page("another product: the password was changed", 400, JSON, "", "{\"reason\":\"Your Secret Key or password was recently changed\"}"),
    page("another product: the account is gone", 404, JSON, "", "{\"error\":\"account_not_found\"}"),
    page("another product: the account is deleted", 410, JSON, "", "{\"error\":\"account deleted\"}"),
    page("another product: sign out", 403, JSON, "", "{\"logout\":true,\"reason\":\"session revoked\"}"),
    page("another product: a negative revision", 200, JSON, "", "{\"revision\":-1,\"ciphers\":[]}"),
    page("too many requests", 429, JSON, "kong/3.4", "{\"message\":\"API rate limit exceeded\"}"),
    page(
        "page of an error in a language",
        500,
        HTML,
        "PHP/8.1",
        "<br /><b>Fatal error</b>: Uncaught PDOException: SQLSTATE[HY000] [1040] Too many connections",
    ),
    page("a site's not-found page", 404, HTML, "Netlify", "<!DOCTYPE html><html><head><title>Page not found</title></head></html>"),
    page("parked domain", 200, HTML, "Parking/1.0", "<html><head><title>vault.example.org is for sale</title></head></html>"),
    page("legal reasons", 451, HTML, "", "<html><head><title>Unavailable For Legal Reasons</title></head></html>"),
    page("teapot", 418, TEXT, "", "I'm a teapot"),
    page("odd status", 999, TEXT, "", "Request denied"),
    page(
        "maintenance page",
        503,
        HTML,
        "nginx",
        "<html><head><title>We'll be back soon!</title></head><body>Down for maintenance. Please sign in again later.</body></html>",
    ),
    page("wrong details, said by a gateway", 401, JSON, "AmazonAPIGateway", "{\"message\":\"Unauthorized\"}"),
    page("not allowed, said by a gateway", 403, JSON, "AmazonAPIGateway", "{\"message\":\"Missing Authentication Token\"}"),
    page(
        "bad request, said by a gateway",
        400,
        HTML,
        "Microsoft-HTTPAPI/2.0",
        "<!DOCTYPE HTML><HTML><HEAD><TITLE>Bad Request</TITLE></HEAD><BODY><h2>Bad Request - Invalid Hostname</h2></BODY></HTML>",
    ),
    page("too large, said by a proxy", 413, HTML, "nginx", "<html><head><title>413 Request Entity Too Large</title></head></html>"),
];

/// The place of the page called so; for stories that name one. The first page, if nothing is.
pub fn find(who: &str) -> u16 {
    PAGES.iter().position(|page| page.who == who).and_then(|place| u16::try_from(place).ok()).unwrap_or(0)
}

/// Whether the page at this place sends somewhere else.
pub(crate) fn redirects(place: u16) -> bool {
    PAGES.get(usize::from(place)).is_some_and(|page| (300..400).contains(&page.status))
}
