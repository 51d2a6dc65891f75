package dev.telepath.tunnel.filter;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Texts that a match lets through. For an expression this is a guess from its source, by the shortest way through it, which
 * is only used when the expression itself confirms it.
 */
final class Witness {
    private static final String MARKS = "\\.+*?()|[]{}^$";
    private static final int MAX_LENGTH = 4096;

    private final String source;
    private int at;

    private Witness(String source) {
        this.source = source;
    }

    /** Some; none when no guess was right. */
    static List<String> texts(Match match) {
        return switch (match) {
            case Match.Exact(String text) -> List.of(text);
            case Match.Prefix(String text) -> List.of(text);
            case Match.Expression expression ->
                of(expression.source())
                        .filter(expression::matches)
                        .map(List::of)
                        .orElse(List.of());
        };
    }

    /** What every text that is matched begins with; empty when nothing is known. */
    static String start(Match match) {
        return switch (match) {
            case Match.Exact(String text) -> text;
            case Match.Prefix(String text) -> text;
            case Match.Expression expression -> literalStart(expression.source());
        };
    }

    private static String literalStart(String source) {
        if (!source.startsWith("^") || source.indexOf('|') >= 0) {
            return "";
        }
        var start = new StringBuilder();
        int index = 1;
        while (index < source.length() && source.charAt(index) < 128 && MARKS.indexOf(source.charAt(index)) < 0) {
            start.append(source.charAt(index++));
        }
        boolean optional = index < source.length() && "*?{".indexOf(source.charAt(index)) >= 0;
        if (optional && !start.isEmpty()) {
            start.setLength(start.length() - 1);
        }
        return start.toString();
    }

    private static Optional<String> of(String source) {
        try {
            String text = new Witness(source).alternatives();
            return Optional.of(text.isEmpty() ? "x" : text).filter(Witness::sendable);
        } catch (Unsure e) {
            return Optional.empty();
        }
    }

    private static boolean sendable(String text) {
        return text.length() <= MAX_LENGTH && text.chars().allMatch(c -> c > ' ' && c < 127);
    }

    /** The first alternative; the others are read over. */
    private String alternatives() {
        var first = new StringBuilder();
        boolean reading = true;
        while (at < source.length() && source.charAt(at) != ')') {
            if (source.charAt(at) == '|') {
                at++;
                reading = false;
                continue;
            }
            String piece = repeated(atom());
            if (reading) {
                first.append(piece);
            }
        }
        return first.toString();
    }

    private String repeated(String atom) {
        String result = atom;
        if (at < source.length()) {
            char mark = source.charAt(at);
            if (mark == '*' || mark == '?') {
                at++;
                result = "";
            } else if (mark == '+') {
                at++;
            } else if (mark == '{') {
                int end = source.indexOf('}', at);
                String count = source.substring(at + 1, Math.max(at + 1, end)).split(",", 2)[0];
                if (!count.isEmpty() && count.chars().allMatch(Character::isDigit)) {
                    at = end + 1;
                    result = atom.repeat(Math.min(Integer.parseInt(count), MAX_LENGTH));
                }
            }
            if (at < source.length() && source.charAt(at) == '?') {
                at++;
            }
        }
        return result;
    }

    private String atom() {
        char c = source.charAt(at++);
        return switch (c) {
            case '^', '$' -> "";
            case '.' -> "x";
            case '(' -> group();
            case '[' -> oneOf();
            case '\\' -> escaped();
            default -> String.valueOf(c);
        };
    }

    private String group() {
        if (source.startsWith("?:", at)) {
            at += 2;
        } else if (source.startsWith("?", at)) {
            throw new Unsure();
        }
        String inner = alternatives();
        at++;
        return inner;
    }

    private String escaped() {
        if (at >= source.length()) {
            throw new Unsure();
        }
        char c = source.charAt(at++);
        return switch (c) {
            case 'd' -> "1";
            case 'w' -> "a";
            case 'D', 'S' -> "x";
            case 'W' -> "-";
            case 'b', 'A', 'z' -> "";
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw new Unsure();
                }
                yield String.valueOf(c);
            }
        };
    }

    /** A character of a class: the first one, or one that a negated class lacks. */
    private String oneOf() {
        int end = source.indexOf(']', at + 1);
        if (end < 0) {
            throw new Unsure();
        }
        String members = source.substring(at, end);
        at = end + 1;
        if (members.startsWith("[")) {
            throw new Unsure();
        }
        List<String> candidates = new ArrayList<>(List.of("x", "a", "1", "-", "Z", "~"));
        if (!members.startsWith("^")) {
            candidates.addFirst(members.startsWith("\\") ? "x" : members.substring(0, 1));
        }
        var whole = Match.expression("class", "^[" + members + "]$");
        return candidates.stream().filter(whole::matches).findFirst().orElseThrow(Unsure::new);
    }

    /** The source has something that guesses are not made for. */
    private static final class Unsure extends RuntimeException {
        @java.io.Serial
        private static final long serialVersionUID = 1L;

        Unsure() {
            super("no guess", null, false, false);
        }
    }
}
