package dev.telepath.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import dev.telepath.protocol.telepresence.agent.AgentOuterClass;
import dev.telepath.protocol.telepresence.manager.ManagerOuterClass;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The compiled descriptors against the tables in {@code src/test/resources/wire}: the wire cannot drift unseen. */
class WireContractTest {
    private static final FileDescriptor MANAGER = ManagerOuterClass.getDescriptor();
    private static final FileDescriptor AGENT = AgentOuterClass.getDescriptor();

    @Test
    void everyFieldHasTheNumberNameAndTypeOfTheTable() {
        var actual = new TreeSet<String>();
        MANAGER.getMessageTypes().forEach(message -> collect("", message, actual));
        var expected = new TreeSet<String>();
        for (String[] row : table("fields.tsv")) {
            expected.add(row[0] + " " + row[1] + " " + row[2] + " " + row[3]);
        }
        assertThat(actual).isEqualTo(expected);
        assertThat(expected).hasSizeGreaterThan(200);
    }

    @Test
    void everyEnumValueHasTheNumberOfTheTable() {
        var actual = new TreeSet<String>();
        MANAGER.getEnumTypes().forEach(type -> collect("", type, actual));
        MANAGER.getMessageTypes()
                .forEach(message ->
                        message.getEnumTypes().forEach(type -> collect(message.getName() + ".", type, actual)));
        var expected = new TreeSet<String>();
        for (String[] row : table("enums.tsv")) {
            expected.add(row[0] + " " + row[1] + " " + row[2]);
        }
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void everyMethodHasTheTypesAndStreamsOfTheTable() {
        var actual = new TreeSet<String>();
        Stream.of(MANAGER, AGENT)
                .flatMap(file -> file.getServices().stream())
                .flatMap(service -> service.getMethods().stream())
                .forEach(method -> actual.add(line(method)));
        var expected = new TreeSet<String>();
        for (String[] row : table("methods.tsv")) {
            expected.add(String.join(" ", row[0], row[1], row[2], row[3], row[4]));
        }
        assertThat(actual).isEqualTo(expected);
        assertThat(expected).hasSize(51);
    }

    private static String line(MethodDescriptor method) {
        String kind = method.isClientStreaming() ? "bidi" : method.isServerStreaming() ? "server stream" : "unary";
        return String.join(
                " ",
                method.getService().getFullName(),
                method.getName(),
                kind,
                method.getInputType().getName(),
                method.getOutputType().getName());
    }

    private static void collect(String prefix, EnumDescriptor type, Set<String> into) {
        type.getValues()
                .forEach(value -> into.add(prefix + type.getName() + " " + value.getName() + " " + value.getNumber()));
    }

    private static void collect(String prefix, Descriptor message, Set<String> into) {
        if (message.getOptions().getMapEntry()) {
            return;
        }
        String name = prefix + message.getName();
        message.getFields()
                .forEach(field -> into.add(name + " " + field.getNumber() + " " + field.getName() + " " + type(field)));
        message.getNestedTypes().forEach(nested -> collect(name + ".", nested, into));
    }

    private static String type(FieldDescriptor field) {
        if (field.isMapField()) {
            Descriptor entry = field.getMessageType();
            return "map<" + simple(entry.findFieldByNumber(1)) + "," + simple(entry.findFieldByNumber(2)) + ">";
        }
        String label = field.isRepeated() ? "repeated " : field.toProto().getProto3Optional() ? "optional " : "";
        return label + simple(field);
    }

    private static String simple(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case MESSAGE ->
                name(field.getMessageType().getName(), field.getMessageType().getContainingType());
            case ENUM -> name(field.getEnumType().getName(), field.getEnumType().getContainingType());
            default -> field.getType().name().toLowerCase(java.util.Locale.ROOT);
        };
    }

    /** Nested types are written the way the table does: bare inside their own message, qualified elsewhere. */
    private static String name(String simple, Descriptor container) {
        return container == null ? simple : container.getName() + "." + simple;
    }

    private static List<String[]> table(String file) {
        try (var in = WireContractTest.class.getResourceAsStream("/wire/" + file)) {
            var rows = new ArrayList<String[]>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (!line.startsWith("#")) {
                    String[] row = line.split("\t");
                    rows.add(row);
                }
            }
            return rows;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
