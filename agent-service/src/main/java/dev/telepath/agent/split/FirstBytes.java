package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;

/** What a connection speaks, by what its caller says first. */
enum FirstBytes {
    HTTP1,
    HTTP2,
    OTHER,
    /** Too few yet. */
    UNDECIDED;

    /** What a connection of HTTP/2 begins with (RFC 9113, section 3.4). */
    static final ByteString PREFACE = ByteString.copyFromUtf8("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    /** Longer than any method in use. */
    private static final int MAX_METHOD = 32;

    /** Decides at the end of the first line at the latest. */
    static FirstBytes of(ByteString bytes) {
        int compared = Math.min(bytes.size(), PREFACE.size());
        if (bytes.substring(0, compared).equals(PREFACE.substring(0, compared))) {
            return compared == PREFACE.size() ? HTTP2 : UNDECIDED;
        }
        int from = 0;
        while (from < bytes.size() && (bytes.byteAt(from) == '\r' || bytes.byteAt(from) == '\n')) {
            from++;
        }
        int blank = from;
        while (blank < bytes.size() && bytes.byteAt(blank) != ' ') {
            byte b = bytes.byteAt(blank);
            boolean method = (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || b == '-' || b == '_';
            if (!method || blank - from >= MAX_METHOD) {
                return OTHER;
            }
            blank++;
        }
        int end = blank;
        while (end < bytes.size() && bytes.byteAt(end) != '\n') {
            end++;
        }
        if (end == bytes.size()) {
            return end <= HeadCollector.MAX_HEAD ? UNDECIDED : OTHER;
        }
        String line = bytes.substring(from, end).toString(StandardCharsets.ISO_8859_1);
        return line.matches("[^ ]+ [^ ]+ HTTP/1\\.[01]\r?") ? HTTP1 : OTHER;
    }
}
