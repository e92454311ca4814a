internal import ArgumentParser
internal import Foundation

/// Lines of a file that a command reads one after the other.
enum LineReader {
    /// Puts a file in the place of standard input, which is read line by line; `-` leaves it as it is.
    ///
    /// - Throws: `ValidationError` where it cannot be read.
    static func read(from file: String) throws {
        guard file != "-" else { return }
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: file, isDirectory: &isFolder)
        let descriptor = isThere && !isFolder.boolValue ? open(file, O_RDONLY) : -1
        guard descriptor >= 0, dup2(descriptor, STDIN_FILENO) >= 0 else {
            throw ValidationError("\(file) cannot be read; is it there, and a file?")
        }
    }
}
