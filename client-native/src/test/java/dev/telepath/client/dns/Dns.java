package dev.telepath.client.dns;

import com.google.protobuf.ByteString;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;

/** Messages and records for tests, written by dnsjava. */
final class Dns {
    private Dns() {}

    static Name name(String text) {
        try {
            return Name.fromString(text, Name.root);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    static Message question(String name, int type) {
        return Message.newQuery(Record.newRecord(name(name), type, DClass.IN));
    }

    static Query query(String name, int type) {
        return query(question(name, type));
    }

    static Query query(Message message) {
        return Query.parse(message.toWire()).orElseThrow();
    }

    static Record record(String owner, int type, long ttl, String data) {
        try {
            return Record.fromString(name(owner), type, DClass.IN, ttl, data, Name.root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static FarRecord far(String owner, int type, long ttl, String data) {
        ByteString raw = ByteString.copyFrom(record(owner, type, ttl, data).rdataToWireCanonical());
        return new FarRecord(DomainName.of(owner).orElseThrow(), type, ttl, raw);
    }

    static FarAnswer found(FarRecord... records) {
        return new FarAnswer(Rcode.NOERROR, List.of(records));
    }

    static FarAnswer code(int rcode) {
        return new FarAnswer(rcode, List.of());
    }

    static Message message(byte[] bytes) {
        try {
            return new Message(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The settings with some set, in pairs of key and value. */
    static Settings settings(String... pairs) {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        for (int i = 0; i < pairs.length; i += 2) {
            flags.put(Setting.of(pairs[i]).orElseThrow(), pairs[i + 1]);
        }
        return Settings.resolve(flags, Map.of("XDG_CONFIG_HOME", "/nowhere"), Optional.empty());
    }
}
