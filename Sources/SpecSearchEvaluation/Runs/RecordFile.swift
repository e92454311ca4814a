internal import Checksums
public import Foundation
public import SpecSearch

/// A file of records, one JSON object a line, each with a checksum and on disk before the next begins.
///
/// A killed process leaves at most a torn last line, which goes before the next record is appended. What else does not bear
/// its checksum is left out, so that its item is run again; opening alone changes nothing.
public actor RecordFile<Record: Codable & Sendable> {
    /// The records that were there when the file was opened, in order.
    public nonisolated let records: [Record]
    /// The numbers of the lines that are left out, from 1.
    public nonisolated let damagedLines: [Int]
    /// What has to be done before the first record is appended.
    private var repair: Repair?
    private let descriptor: Int32
    private let path: String

    /// Opens a file for appending, made if it is not there; no other process can have it open at the same time.
    ///
    /// - Throws: ``SpecSearchError`` `ioFailed` if the file cannot be opened, or is in use.
    public init(_ url: URL) throws(SpecSearchError) {
        path = url.path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("Cannot write \(path).", "Is its folder there, and writable?") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Self.failure("\(path) is in use by another run.", "Wait for it, or choose another folder.")
        }
        guard let data = try? Data(contentsOf: url) else {
            throw Self.failure("Cannot read \(path).", "Is it a file, and readable?")
        }
        (records, damagedLines, repair) = Self.read(data)
    }

    deinit {
        // A program that is being started meanwhile may still hold a copy of the descriptor, and with it the lock.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Appends a record; it is on disk when this returns.
    public func append(_ record: Record) throws {
        switch repair {
        case .truncate(let length):
            guard ftruncate(descriptor, off_t(length)) == 0 else { throw Self.failure("Cannot repair \(path).") }
        case .endLine: try Self.write(Data("\n".utf8), to: descriptor, path)
        case nil: break
        }
        repair = nil
        try Self.write(Self.line(record) + Data("\n".utf8), to: descriptor, path)
    }

    /// Removes all records, so that what is appended next is the first.
    func removeAll() throws {
        repair = nil
        guard ftruncate(descriptor, 0) == 0 else { throw Self.failure("Cannot write \(path).", "Is the disk full?") }
    }

    /// The records of a file, whatever writes to it, and the numbers of the lines without a right checksum.
    public static func contents(of url: URL) throws -> (records: [Record], damagedLines: [Int]) {
        guard let data = try? Data(contentsOf: url) else {
            throw failure("Cannot read \(url.path).", "Is it there, and readable?")
        }
        let (records, damaged, _) = read(data)
        return (records, damaged)
    }

    private static func failure(_ message: String, _ remedy: String = "") -> SpecSearchError {
        SpecSearchError(.ioFailed, message, remedy: remedy)
    }

    private static var opening: String { #"{"sha256":""# }
    private static var middle: String { #"","record":"# }
    /// Digits of the checksum: half of SHA-256's are more than enough against accidents.
    private static var digits: Int { 32 }

    private static func line(_ record: Record) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = try encoder.encode(record)
        return Data((opening + checksum(body) + middle).utf8) + body + Data("}".utf8)
    }

    private static func checksum(_ body: Data) -> String {
        String(SHA256.hexadecimal(SHA256.hash(body)).prefix(digits))
    }

    /// What the end of a file needs, so that the next line does not run into it.
    private enum Repair {
        /// To be cut to a length: what follows is a torn line.
        case truncate(Int)
        /// The end of its last line, which is whole otherwise.
        case endLine
    }

    private static func read(_ data: Data) -> (records: [Record], damaged: [Int], repair: Repair?) {
        let decoder = JSONDecoder()
        let head = opening.utf8.count + digits + middle.utf8.count
        var records: [Record] = []
        var repair: Repair?
        var damaged: [Int] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
            let body = Data(line.dropFirst(head).dropLast())
            if Data(line.prefix(head)) == Data((opening + checksum(body) + middle).utf8),
                let record = try? decoder.decode(Record.self, from: body)
            {
                records.append(record)
                if line.endIndex == data.endIndex { repair = .endLine }
            } else {
                damaged.append(index + 1)
                if line.endIndex == data.endIndex { repair = .truncate(line.startIndex - data.startIndex) }
            }
        }
        return (records, damaged, repair)
    }

    private static func write(_ data: Data, to descriptor: Int32, _ path: String) throws(SpecSearchError) {
        let isWritten = data.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = writeOnce(descriptor, rest)
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
        guard isWritten, fsync(descriptor) == 0 else { throw failure("Cannot write \(path).", "Is the disk full?") }
    }

    private static func writeOnce(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let rest = UnsafeRawBufferPointer(rebasing: bytes)
        var count = -1
        repeat { count = Foundation.write(descriptor, rest.baseAddress, rest.count) } while count < 0 && errno == EINTR
        return count
    }
}
