package dev.telepath.client.proxy;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Packed DNS resource records, as LookupDNS answers them. Pure; damaged records end the list. */
final class ResourceRecords {
    private static final int A = 1;
    private static final int AAAA = 28;
    private static final int MAX_LABELS = 128;

    private ResourceRecords() {}

    /** The data of the address records in it. */
    static List<byte[]> addresses(ByteBuffer records) {
        List<byte[]> found = new ArrayList<>();
        try {
            while (records.hasRemaining() && skipName(records)) {
                int type = records.getShort() & 0xffff;
                records.getShort();
                records.getInt();
                int length = records.getShort() & 0xffff;
                if (length > records.remaining()) {
                    break;
                }
                byte[] data = new byte[length];
                records.get(data);
                if ((type == A && length == 4) || (type == AAAA && length == 16)) {
                    found.add(data);
                }
            }
        } catch (BufferUnderflowException e) {
            return found;
        }
        return found;
    }

    private static boolean skipName(ByteBuffer records) {
        for (int labels = 0; labels < MAX_LABELS; labels++) {
            int length = records.get() & 0xff;
            if (length == 0) {
                return true;
            }
            if (length >= 0xc0) {
                records.get();
                return true;
            }
            if (length > records.remaining()) {
                return false;
            }
            records.position(records.position() + length);
        }
        return false;
    }
}
