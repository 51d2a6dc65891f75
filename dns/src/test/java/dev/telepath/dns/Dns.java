package dev.telepath.dns;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;

/** Messages and records for tests, written by dnsjava. */
public final class Dns {
    private Dns() {}

    public static Name name(String text) {
        try {
            return Name.fromString(text, Name.root);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    public static Message question(String name, int type) {
        return Message.newQuery(Record.newRecord(name(name), type, DClass.IN));
    }

    public static Query query(String name, int type) {
        return query(question(name, type));
    }

    public static Query query(Message message) {
        return Query.parse(message.toWire()).orElseThrow();
    }

    public static Record record(String owner, int type, long ttl, String data) {
        try {
            return Record.fromString(name(owner), type, DClass.IN, ttl, data, Name.root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static ResourceRecord far(String owner, int type, long ttl, String data) {
        ByteString raw = ByteString.copyFrom(record(owner, type, ttl, data).rdataToWireCanonical());
        return new ResourceRecord(DomainName.of(owner).orElseThrow(), type, ttl, raw);
    }

    public static Answer found(ResourceRecord... records) {
        return new Answer(Rcode.NOERROR, List.of(records));
    }

    public static Answer code(int rcode) {
        return new Answer(rcode, List.of());
    }

    public static Message message(byte[] bytes) {
        try {
            return new Message(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
