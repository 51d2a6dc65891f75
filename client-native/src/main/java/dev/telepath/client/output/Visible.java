package dev.telepath.client.output;

/**
 * Text that moves no cursor, changes no colour and turns no direction when a terminal shows it: names and messages come
 * from peers, files and whoever typed them.
 */
public final class Visible {
    private Visible() {}

    /**
     * The text with each control character but line ends and tabs, and each mark of direction (UAX #9), written by its
     * number, an escape as {@code \\u001b}.
     */
    public static String of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (isHidden(text.charAt(i))) {
                return written(text, i);
            }
        }
        return text;
    }

    private static String written(String text, int from) {
        var shown = new StringBuilder(text.length() + 16).append(text, 0, from);
        for (int i = from; i < text.length(); i++) {
            char each = text.charAt(i);
            if (isHidden(each)) {
                shown.append("\\u%04x".formatted((int) each));
            } else {
                shown.append(each);
            }
        }
        return shown.toString();
    }

    private static boolean isHidden(char each) {
        boolean control = Character.isISOControl(each) && each != '\n' && each != '\t';
        boolean direction = each >= '\u202a' && each <= '\u202e' || each >= '\u2066' && each <= '\u2069';
        return control || direction;
    }
}
