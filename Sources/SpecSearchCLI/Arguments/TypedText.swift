extension String {
    /// A text as it is meant that was typed in a shell, where "\\n" between quotes stays a backslash and an n: those become
    /// ends of lines.
    ///
    /// A text that has an end of a line is taken as it is, and so is "\\\\n", which stands for the two characters.
    package var typed: String {
        if contains("\n") { return self }
        return replacing("\\\\n", with: "\u{0}").replacing("\\n", with: "\n").replacing("\u{0}", with: "\\n")
    }
}
