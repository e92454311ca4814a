internal import Foundation
internal import Hummingbird
internal import NIOCore
internal import NIOPosix
internal import SpecSearch

extension ServerConfiguration {
    var address: BindAddress {
        socketPath.map { .unixDomainSocket(path: $0) } ?? .hostname(host, port: port)
    }

    /// Looks whether a server would be started by these settings and could listen there, before models are loaded for it.
    ///
    /// - Throws: ``SpecSearchError``: `badSetting`, or `ioFailed` with what is in the way.
    public func checkAddress() async throws {
        try validate()
        let group = MultiThreadedEventLoopGroup.singleton
        do {
            if let socketPath {
                guard socketFile != .other else {
                    throw SpecSearchError(
                        .ioFailed, "\(socketPath) is a file, not a socket.", remedy: "Choose another path.")
                }
                // A socket that nobody listens on any more is left over from another server, and taken over.
                let other = try? await ClientBootstrap(group: group).connect(unixDomainSocketPath: socketPath).get()
                if let other {
                    try await other.close()
                    throw SpecSearchError(
                        .ioFailed, "Another server listens on \(socketPath).", remedy: "End it, or choose another path."
                    )
                }
            } else {
                let channel = try await ServerBootstrap(group: group)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: host, port: port).get()
                try await channel.close()
            }
        } catch let error as SpecSearchError {
            throw error
        } catch {
            throw cannotListen(error)
        }
    }

    private enum SocketFile { case none, socket, other }

    /// What there is at the socket's path.
    private var socketFile: SocketFile {
        guard let socketPath, let file = try? FileManager.default.attributesOfItem(atPath: socketPath) else {
            return .none
        }
        return file[.type] as? FileAttributeType == .typeSocket ? .socket : .other
    }

    /// Removes the socket that the server listened on.
    func removeSocket() {
        if let socketPath, socketFile == .socket { unlink(socketPath) }
    }

    /// The error of a server that cannot listen, for people.
    func cannotListen(_ error: any Error) -> SpecSearchError {
        let place = socketPath ?? (host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            return SpecSearchError(
                .ioFailed, "Another program listens on \(place).",
                remedy: "End it, or choose another port: 0 takes a free one.")
        case EACCES:
            return SpecSearchError(
                .ioFailed, "\(place) may not be listened on.",
                remedy: "Choose a port from 1024 on, or ask for the right to.")
        case EADDRNOTAVAIL:
            return SpecSearchError(
                .ioFailed, "\(host) is no address of this machine.",
                remedy: "127.0.0.1 is this machine alone, 0.0.0.0 all of it.")
        case let code?:
            return SpecSearchError(.ioFailed, "\(place) cannot be listened on: \(String(cString: strerror(code))).")
        case nil:
            return SpecSearchError(
                .ioFailed, "\(place) cannot be listened on: \(host) is not known.",
                remedy: "Is the name spelt right? 127.0.0.1 is this machine alone.")
        }
    }
}
