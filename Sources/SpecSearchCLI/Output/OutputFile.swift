internal import ArgumentParser
internal import Foundation
internal import SpecSearch

/// A file that a command writes: in place, so that a device stays a device and a link a link, and never over what the
/// command reads.
struct OutputFile {
    let path: String

    /// - Parameters:
    ///   - option: The option that names it, for errors.
    ///   - inputs: What the command reads.
    /// - Throws: `ValidationError` for an empty name, a folder, and the name of an input.
    init(_ path: String, option: String, inputs: [String] = []) throws {
        guard !path.isEmpty else { throw ValidationError("\(option) is empty: name a file.") }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw ValidationError("\(option) \(path) is a folder: name a file.")
        }
        guard !inputs.contains(where: { Self.areSame($0, path) }) else {
            throw ValidationError("\(option) \(path) is what the command reads: name another file.")
        }
        self.path = path
    }

    /// Writes the whole file.
    ///
    /// - Throws: ``SpecSearchError`` `ioFailed`.
    func write(_ text: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure() }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        do { try file.write(contentsOf: Data(text.utf8)) } catch {
            close(descriptor)
            throw SpecSearchError(
                .ioFailed, "\(path) cannot be written: \(error.inWords).", remedy: "Is there room on the disk?")
        }
        guard close(descriptor) == 0 else { throw failure() }
    }

    private func failure() -> SpecSearchError {
        SpecSearchError(
            .ioFailed, "\(path) cannot be written: \(String(cString: strerror(errno))).",
            remedy: "Does its folder exist, and is it yours?")
    }

    /// Whether two names are of one file.
    static func areSame(_ first: String, _ second: String) -> Bool {
        var (one, other) = (stat(), stat())
        guard stat(first, &one) == 0, stat(second, &other) == 0 else { return false }
        return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino) && one.st_mode & S_IFMT == S_IFREG
    }
}
