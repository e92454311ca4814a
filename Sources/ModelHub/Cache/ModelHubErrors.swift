import Foundation
public import SpecSearch

extension SpecSearchError.Code {
    /// A model, a file or a repository is not there.
    public static let notFound = Self("notFound")
    /// A file is not, byte for byte, what its maker published.
    public static let badChecksum = Self("badChecksum")
    /// The disk has too little room.
    public static let noSpace = Self("noSpace")
}

extension SpecSearchError {
    /// Whether another source may do better: the failure is not the disk's, the cache's or the user's.
    var concernsSource: Bool { ![.ioFailed, .noSpace, .badSetting].contains(code) }

    /// A call of the system that failed.
    ///
    /// - Parameters:
    ///   - doing: What was tried, such as "written".
    ///   - cache: The folder that the user can move, where the file is in it.
    static func system(_ number: Int32, _ path: String, _ doing: String, cache: String? = nil) -> SpecSearchError {
        let reason = String(cString: strerror(number))
        let subject = "\(path) cannot be \(doing) (\(reason))."
        switch number {
        case EROFS, EACCES, EPERM:
            guard let cache else {
                return SpecSearchError(.ioFailed, subject, remedy: "Check who owns it and what its permissions are.")
            }
            return SpecSearchError(
                .ioFailed, "The cache \(cache) is read-only: \(subject)",
                remedy: "Make it writable, or set HF_HUB_CACHE or HF_HOME to a folder of yours.")
        case ENOSPC, EDQUOT:
            return SpecSearchError(
                .noSpace, subject,
                remedy: "Free some space (`specsearch models rm NAME`), or set HF_HUB_CACHE to a larger disk; "
                    + "the next pull goes on where this one stopped.")
        default:
            return SpecSearchError(.ioFailed, subject)
        }
    }
}
