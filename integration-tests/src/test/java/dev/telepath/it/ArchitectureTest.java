package dev.telepath.it;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaParameterizedType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.telepath.harness.Program;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The rules between modules and packages, checked on the compiled classes of all of them. */
class ArchitectureTest {
    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPaths(Stream.of("protocol", "tunnel", "dns", "manager-service", "agent-service", "client-native")
                    .map(module ->
                            Program.root().resolve(module).resolve("target").resolve("classes"))
                    .toArray(Path[]::new));

    private static final List<ArchRule> RULES = List.of(
            noClasses()
                    .that()
                    .resideInAPackage("dev.telepath.protocol..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.telepath.tunnel..",
                            "dev.telepath.dns..",
                            "dev.telepath.manager..",
                            "dev.telepath.agent..",
                            "dev.telepath.client..")
                    .as("protocol depends on nothing of ours"),
            noClasses()
                    .that()
                    .resideInAPackage("dev.telepath.tunnel..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.telepath.dns..",
                            "dev.telepath.manager..",
                            "dev.telepath.agent..",
                            "dev.telepath.client..",
                            "io.quarkus..",
                            "io.fabric8..",
                            "io.vertx..")
                    .as("tunnel depends on protocol alone, and on neither Quarkus, Vert.x nor Kubernetes"),
            noClasses()
                    .that()
                    .resideInAPackage("dev.telepath.dns..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.telepath.tunnel..",
                            "dev.telepath.manager..",
                            "dev.telepath.agent..",
                            "dev.telepath.client..",
                            "io.quarkus..",
                            "io.fabric8..",
                            "io.vertx..")
                    .as("dns depends on protocol alone, and on neither Quarkus, Vert.x nor Kubernetes"),
            program("manager", "agent", "client"),
            program("agent", "manager", "client"),
            program("client", "manager", "agent"),
            noClasses()
                    .that()
                    .resideOutsideOfPackages(
                            "dev.telepath.tunnel.foreign..",
                            "dev.telepath.tunnel.linux..",
                            "dev.telepath.tunnel.macos..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("java.lang.foreign..")
                    .allowEmptyShould(true)
                    .as("only the packages that know one system's calls, and how calls are made, go below the JVM"),
            noClasses()
                    .that()
                    .resideInAPackage("dev.telepath.tunnel.linux..")
                    .or()
                    .resideInAPackage("dev.telepath.tunnel.foreign..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("dev.telepath.tunnel.macos..")
                    .as("what Linux needs looks up nothing of macOS"),
            noClasses()
                    .that()
                    .resideOutsideOfPackages(
                            "dev.telepath.manager.kubernetes..",
                            "dev.telepath.manager.security..",
                            "dev.telepath.client.kubernetes..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("io.fabric8..")
                    .as("only the packages made for it talk to Kubernetes"),
            classes()
                    .that()
                    .resideInAPackage("dev.telepath..")
                    .should()
                    .haveSimpleNameNotEndingWith("Util")
                    .andShould()
                    .haveSimpleNameNotEndingWith("Utils")
                    .andShould()
                    .haveSimpleNameNotEndingWith("Helper")
                    .as("no class is a drawer for odds and ends"),
            fields().that()
                    .areStatic()
                    .and()
                    .areDeclaredInClassesThat()
                    .resideInAPackage("dev.telepath..")
                    .should(notHold("java.net.InetAddress"))
                    .as("no static field holds an address, which a native image makes when it starts and not before"),
            fields().that()
                    .haveRawType(assignableTo(Map.class))
                    .and()
                    .areDeclaredInClassesThat()
                    .resideInAPackage("dev.telepath..")
                    .should(haveKeysThatCompareThemselves())
                    .as("a record that is the key of a map says itself what equals it: what the compiler writes is"
                            + " interpreted by a native image, 10 µs and more each time"),
            slices().matching("dev.telepath.tunnel.(*)..").should().beFreeOfCycles(),
            slices().matching("dev.telepath.manager.(*)..").should().beFreeOfCycles(),
            slices().matching("dev.telepath.agent.(*)..").should().beFreeOfCycles(),
            slices().matching("dev.telepath.client.(*)..").should().beFreeOfCycles());

    /** Directly, or in a record of ours. */
    private static ArchCondition<JavaField> notHold(String type) {
        return new ArchCondition<>("not hold a " + type) {
            @Override
            public void check(JavaField field, ConditionEvents events) {
                JavaClass held = field.getRawType();
                boolean holds = held.isAssignableTo(type)
                        || (held.isRecord()
                                && held.getFields().stream()
                                        .anyMatch(one -> one.getRawType().isAssignableTo(type)));
                events.add(new SimpleConditionEvent(field, !holds, field.getFullName() + " is a " + held.getName()));
            }
        };
    }

    private static ArchCondition<JavaField> haveKeysThatCompareThemselves() {
        return new ArchCondition<>("have keys that compare themselves") {
            @Override
            public void check(JavaField field, ConditionEvents events) {
                if (field.getType() instanceof JavaParameterizedType map
                        && map.getActualTypeArguments().size() == 2) {
                    check(map.getActualTypeArguments().getFirst().toErasure(), field, events);
                }
            }

            private void check(JavaClass key, JavaField field, ConditionEvents events) {
                if (!key.isRecord()) {
                    return;
                }
                // What the compiler writes hands over to the runtime and looks at no field.
                boolean own = !key.getMethod("equals", Object.class)
                        .getFieldAccesses()
                        .isEmpty();
                events.add(new SimpleConditionEvent(
                        field, own, key.getName() + ", in keys of " + field.getFullName() + ", has no equals"));
                key.getFields().stream()
                        .filter(part -> !part.getModifiers().contains(JavaModifier.STATIC))
                        .forEach(part -> check(part.getRawType(), field, events));
            }
        };
    }

    private static ArchRule program(String one, String... others) {
        return noClasses()
                .that()
                .resideInAPackage("dev.telepath." + one + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(Stream.of(others)
                        .map(other -> "dev.telepath." + other + "..")
                        .toArray(String[]::new))
                .as(one + " imports no other program");
    }

    @TestFactory
    Stream<DynamicTest> theStructureHolds() {
        return RULES.stream().map(rule -> DynamicTest.dynamicTest(rule.getDescription(), () -> rule.check(OURS)));
    }
}
