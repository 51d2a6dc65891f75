package dev.telepath.client.cli;

import dev.telepath.client.config.Setting;
import dev.telepath.client.doctor.ClusterFlags;
import dev.telepath.client.doctor.Diagnosis;
import dev.telepath.client.doctor.Doctor;
import dev.telepath.client.doctor.Outcome;
import dev.telepath.client.output.Printer;
import java.util.EnumMap;
import java.util.Map;
import picocli.CommandLine;

/** {@code tp doctor}. Exit code 0 when nothing failed, else 1. */
@CommandLine.Command(
        name = "doctor",
        description = "check everything between this machine and the far side; say what is wrong and what helps")
final class DoctorCommand extends Command {
    @CommandLine.Mixin
    AddressFlags address = new AddressFlags();

    @CommandLine.ArgGroup(exclusive = false, heading = "The way through Kubernetes, as kubectl has it:%n")
    KubeFlags kube = new KubeFlags();

    DoctorCommand(Console console) {
        super(console);
    }

    @Override
    Map<Setting, String> settingFlags() {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        address.put(flags);
        GlobalOptions.put(flags, Setting.MANAGER_NAMESPACE, kube.managerNamespace);
        return flags;
    }

    @Override
    int run(Invocation invocation) {
        boolean text = invocation.settings().text(Setting.OUTPUT).equals("default");
        Printer printer = invocation.printer();
        address.exclude(kube);
        var cluster =
                new ClusterFlags(kube.given(), kube.options(invocation.console().environment()));
        Diagnosis diagnosis = Doctor.examine(invocation.settings(), invocation.home(), cluster, finding -> {
            if (text) {
                print(printer, finding);
            }
        });
        invocation.print(
                diagnosis.toJson(),
                last -> last.line(diagnosis.count(Outcome.Passed.class) + " passed, "
                        + diagnosis.count(Outcome.Warned.class) + " to note, "
                        + diagnosis.count(Outcome.Failed.class) + " failed, "
                        + diagnosis.count(Outcome.Skipped.class) + " not looked at"));
        return diagnosis.sound() ? 0 : 1;
    }

    private static void print(Printer printer, Diagnosis.Finding finding) {
        Outcome outcome = finding.outcome();
        String mark = switch (outcome) {
            case Outcome.Passed passed -> "ok  ";
            case Outcome.Warned warned -> "note";
            case Outcome.Failed failed -> "FAIL";
            case Outcome.Skipped skipped -> "-   ";
        };
        printer.line(finding.check().id() + " " + mark + " " + finding.check().title() + ": " + outcome.detail());
        if (!outcome.fix().isEmpty()) {
            printer.line("            next: " + outcome.fix());
        }
    }
}
