public import Foundation
public import SpecSearch

/// The sets of models that can be named: those that are built in, and those of the user's own catalogue.
///
/// The user's file has the form of the one that is built in, `{"sets": [{"name": …, "roles": …}]}`; a set of a name that
/// is built in replaces it.
public struct Catalogue: Sendable, Hashable {
    /// The sets, in the order of a list.
    public private(set) var entries: [CatalogueEntry]

    /// A catalogue of sets.
    public init(entries: [CatalogueEntry]) { self.entries = entries }

    /// The built-in catalogue with the user's.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` naming the file and the fault.
    public init(_ environment: HubEnvironment = HubEnvironment()) throws(SpecSearchError) {
        self = try Self.builtIn
        let path = environment.userCatalogue
        if let data = FileManager.default.contents(atPath: path) {
            merge(try Self(json: data, path: path))
        } else if environment.userCatalogueIsNamed {
            throw SpecSearchError(
                .badSetting, "The catalogue \(path) cannot be read.",
                remedy: "SPECSEARCH_CATALOGUE names it; correct the path, or unset the variable.")
        }
    }

    /// The built-in catalogue.
    public static var builtIn: Self {
        get throws(SpecSearchError) {
            try Self(json: Data(PackageResources.models_json), path: "the built-in catalogue")
        }
    }

    /// Reads a catalogue.
    public init(json: Data, path: String) throws(SpecSearchError) {
        struct Form: Decodable { var sets: [CatalogueEntry] }
        let form: Form
        do { form = try JSONDecoder().decode(Form.self, from: json) } catch {
            throw SpecSearchError(
                .badSetting, "The catalogue \(path) is not understood: \(error.inWords).",
                remedy: "Its form is {\"sets\": [{\"name\": …, \"roles\": {\"target\": {\"sources\": [{\"hub\": "
                    + "\"OWNER/REPO\", \"file\": \"x.gguf\"}]}}}]}.")
        }
        for entry in form.sets {
            if let fault = entry.fault {
                throw SpecSearchError(
                    .badSetting, "In the catalogue \(path), \(fault).",
                    remedy: "Correct it, or take the set out.")
            }
        }
        entries = form.sets
    }

    /// Adds the sets of another catalogue; those of the same name are replaced.
    public mutating func merge(_ other: Catalogue) {
        for entry in other.entries {
            if let index = entries.firstIndex(where: { $0.name == entry.name }) {
                entries[index] = entry
            } else {
                entries.append(entry)
            }
        }
    }

    /// The set of a name; nil where there is none.
    public subscript(name: String) -> CatalogueEntry? { entries.first { $0.name == name } }
}
