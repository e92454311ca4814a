internal import Hummingbird
internal import Logging
internal import NIOCore

/// The context of one request, which its handlers share.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection.
    let channel: any Channel
    /// The log, with the request's name on every line.
    var log: Logger
    /// Who asks: the name of the key's owner; empty where no key is needed.
    var caller = ""
    /// The name under which the request stands in logs.
    var requestID = ""

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        log = source.logger
    }
}
