package dev.telepath.tunnel.filter;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.regex.MatchResult;

/** What one text of a request, a header's value or the path, must be. Immutable. */
public sealed interface Match {
    /** Characters of an expression. */
    int MAX_EXPRESSION = 1024;

    /** How often all counted repetitions of an expression together may repeat what they stand behind. */
    int MAX_REPETITION = 1000;

    boolean matches(String text);

    /** For a person: {@code = alice}, {@code starts with /api}, {@code ~ ^/v[12]/}. */
    String describe();

    /** Exactly this text. */
    record Exact(String text) implements Match {
        @Override
        public boolean matches(String other) {
            return text.equals(other);
        }

        @Override
        public String describe() {
            return "= " + text;
        }
    }

    /** A text that begins so. */
    record Prefix(String text) implements Match {
        @Override
        public boolean matches(String other) {
            return other.startsWith(text);
        }

        @Override
        public String describe() {
            return "starts with " + text;
        }
    }

    /**
     * A text in which the expression is found anywhere, unless it is anchored. An empty text is never matched: it is how
     * an absent header looks.
     */
    record Expression(Pattern pattern) implements Match {
        @Override
        public boolean matches(String other) {
            return !other.isEmpty() && pattern.matcher(other).find();
        }

        @Override
        public String describe() {
            return "~ " + pattern.pattern();
        }

        String source() {
            return pattern.pattern();
        }
    }

    /**
     * An expression of RE2's syntax, whose matching takes time linear in the text.
     *
     * @param what names it in messages
     * @throws InvalidFilter when it is none, too long, or repeats too much
     */
    static Match expression(String what, String expression) {
        if (expression.isEmpty() || expression.length() > MAX_EXPRESSION) {
            throw new InvalidFilter(what + ": an expression has 1 to " + MAX_EXPRESSION + " characters");
        }
        if (repetition(expression) > MAX_REPETITION) {
            throw new InvalidFilter(what + ": \"" + expression + "\" repeats more than " + MAX_REPETITION
                    + " times in all; use + or * instead of counts");
        }
        try {
            return new Expression(Pattern.compile(expression));
        } catch (PatternSyntaxException e) {
            throw new InvalidFilter(what + ": \"" + expression + "\" is no expression of RE2 syntax: "
                    + e.getDescription() + "; put \\ before characters that stand for themselves");
        }
    }

    /** Counts within counts multiply, and the compiled program with them. */
    private static long repetition(String expression) {
        return java.util.regex.Pattern.compile("\\{(\\d{1,9})(?:,(\\d{0,9}))?\\}")
                .matcher(expression)
                .results()
                .mapToLong(Match::upper)
                .reduce(1, (a, b) -> Math.min(Integer.MAX_VALUE, a * Math.max(1, b)));
    }

    private static long upper(MatchResult counts) {
        String most = counts.group(2);
        return Long.parseLong(most == null || most.isEmpty() ? counts.group(1) : most);
    }
}
