internal import HTTPTypes
internal import Hummingbird

/// The check of the name under which a server without a key is asked.
///
/// A name server can give any name the address 127.0.0.1, and a browser then takes the server for a part of that name's
/// site (DNS rebinding): its pages could read everything here. So only names count that are always this machine's, and
/// those that were configured.
struct HostCheck: RouterMiddleware {
    let isNeeded: Bool
    let allowed: Set<String>

    init(_ configuration: ServerConfiguration) {
        isNeeded =
            configuration.keys.isEmpty && configuration.socketPath == nil
            && (configuration.isLocal || !configuration.allowedHosts.isEmpty)
        allowed = Set(configuration.allowedHosts.compactMap { Authority($0)?.host })
    }

    func handle(
        _ request: Request, context: ServerContext, next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard !isNeeded || request.head.authority.flatMap(Authority.init).map(isKnown) ?? false else {
            throw APIError(
                statusCode: 403, type: "permission_error",
                message: "This server answers to localhost only: add other names by --allow-host.", code: "unknown_host"
            )
        }
        return try await next(request, context)
    }

    private func isKnown(_ authority: Authority) -> Bool { authority.isLoopback || allowed.contains(authority.host) }
}
