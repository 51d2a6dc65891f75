package dev.telepath.agent.share;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes a tar archive (ustar, with a pax header where a name or size does not fit). Confined to one thread; the stream
 * given stays open.
 */
final class TarWriter {
    private static final int BLOCK = 512;
    private static final int NAME_LENGTH = 100;
    private static final long MAX_OCTAL_SIZE = 077777777777L;

    private final OutputStream out;

    TarWriter(OutputStream out) {
        this.out = out;
    }

    void directory(String name, long modifiedSeconds) throws IOException {
        entry(name.endsWith("/") ? name : name + "/", '5', 0, 0755, modifiedSeconds, "");
    }

    void link(String name, String target, long modifiedSeconds) throws IOException {
        entry(name, '2', 0, 0777, modifiedSeconds, target);
    }

    /** Writes exactly {@code size} bytes: a file that shrank meanwhile is filled with zeros, one that grew is cut. */
    void file(String name, long size, int mode, long modifiedSeconds, InputStream content) throws IOException {
        entry(name, '0', size, mode, modifiedSeconds, "");
        byte[] buffer = new byte[32 * 1024];
        long left = size;
        while (left > 0) {
            int read = content.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (read < 0) {
                Arrays.fill(buffer, (byte) 0);
                read = (int) Math.min(buffer.length, left);
            }
            out.write(buffer, 0, read);
            left -= read;
        }
        pad(size);
    }

    /** The end of the archive. */
    void finish() throws IOException {
        out.write(new byte[2 * BLOCK]);
        out.flush();
    }

    private void entry(String name, char type, long size, int mode, long modified, String link) throws IOException {
        var pax = new StringBuilder();
        pax(pax, "path", name, NAME_LENGTH);
        pax(pax, "linkpath", link, NAME_LENGTH);
        if (size > MAX_OCTAL_SIZE) {
            pax(pax, "size", Long.toString(size), 0);
        }
        if (!pax.isEmpty()) {
            byte[] records = pax.toString().getBytes(StandardCharsets.UTF_8);
            header("pax", 'x', records.length, 0644, modified, "");
            out.write(records);
            pad(records.length);
        }
        header(name, type, Math.min(size, MAX_OCTAL_SIZE), mode, modified, link);
    }

    private static void pax(StringBuilder records, String key, String value, int fits) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= fits && bytes.length == value.length()) {
            return;
        }
        // The length counts its own digits.
        int body = key.length() + bytes.length + 3;
        int length = body + Integer.toString(body).length();
        if (Integer.toString(length).length() != Integer.toString(body).length()) {
            length++;
        }
        records.append(length).append(' ').append(key).append('=').append(value).append('\n');
    }

    private void header(String name, char type, long size, int mode, long modified, String link) throws IOException {
        byte[] block = new byte[BLOCK];
        text(block, 0, NAME_LENGTH, name);
        octal(block, 100, 8, mode & 07777);
        octal(block, 108, 8, 0);
        octal(block, 116, 8, 0);
        octal(block, 124, 12, size);
        octal(block, 136, 12, Math.max(0, modified));
        Arrays.fill(block, 148, 156, (byte) ' ');
        block[156] = (byte) type;
        text(block, 157, NAME_LENGTH, link);
        text(block, 257, 6, "ustar");
        text(block, 263, 2, "00");
        int sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        octal(block, 148, 7, sum);
        out.write(block);
    }

    private static void text(byte[] block, int at, int length, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, block, at, Math.min(length, bytes.length));
    }

    private static void octal(byte[] block, int at, int length, long value) {
        long rest = value;
        for (int i = at + length - 2; i >= at; i--) {
            block[i] = (byte) ('0' + (rest & 7));
            rest >>>= 3;
        }
        block[at + length - 1] = 0;
    }

    private void pad(long size) throws IOException {
        int over = (int) (size % BLOCK);
        if (over > 0) {
            out.write(new byte[BLOCK - over]);
        }
    }
}
