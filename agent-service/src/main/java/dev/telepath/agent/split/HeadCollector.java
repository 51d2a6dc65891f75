package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Collects the head of a message, start line and headers, whatever the pieces it comes in. Looks at each byte once.
 * Not thread-safe.
 */
final class HeadCollector {
    /** Bytes of a head; one that is longer is not waited for. */
    static final int MAX_HEAD = 64 * 1024;

    private byte[] bytes = new byte[512];
    private int size;
    private int lineStart;
    private boolean anyLine;
    private boolean complete;

    /**
     * Takes bytes until the head is complete or too long.
     *
     * @return how many were taken
     */
    int take(ByteString from) {
        int taken = 0;
        while (taken < from.size() && !complete && size < MAX_HEAD) {
            byte next = from.byteAt(taken++);
            if (size == bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.min(MAX_HEAD, 2 * size));
            }
            bytes[size++] = next;
            if (next == '\n') {
                boolean blank = size - lineStart == 1 || (size - lineStart == 2 && bytes[lineStart] == '\r');
                complete = blank && anyLine;
                anyLine |= !blank;
                lineStart = size;
            }
        }
        return taken;
    }

    boolean isComplete() {
        return complete;
    }

    boolean isFull() {
        return size >= MAX_HEAD && !complete;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** What was taken so far. */
    ByteString bytes() {
        return ByteString.copyFrom(bytes, 0, size);
    }

    /** The lines that are not blank, without their ends; the last may be unfinished. */
    List<String> lines() {
        var lines = new ArrayList<String>();
        int start = 0;
        for (int index = 0; index <= size; index++) {
            if (index == size || bytes[index] == '\n') {
                int end = index > start && bytes[index - 1] == '\r' ? index - 1 : index;
                if (end > start) {
                    lines.add(new String(bytes, start, end - start, StandardCharsets.ISO_8859_1));
                }
                start = index + 1;
            }
        }
        return lines;
    }
}
