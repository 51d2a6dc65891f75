package dev.telepath.client.doctor;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * All checks in their order, and what each came to.
 *
 * @param findings in the order of the checks
 */
public record Diagnosis(List<Finding> findings) {
    /** A check and its outcome. */
    public record Finding(Check check, Outcome outcome) {}

    public Diagnosis {
        findings = List.copyOf(findings);
    }

    /**
     * Runs the checks one after the other; one whose ground is missing is skipped.
     *
     * @param told sees each finding when it is there
     */
    public static Diagnosis run(List<Check> checks, Consumer<Finding> told) {
        List<Finding> findings = new ArrayList<>();
        Set<String> sound = new HashSet<>();
        for (Check check : checks) {
            Outcome outcome = check.needs().stream()
                    .filter(need -> !sound.contains(need))
                    .findFirst()
                    .<Outcome>map(missing -> new Outcome.Skipped("needs " + missing))
                    .orElseGet(() -> look(check));
            if (outcome instanceof Outcome.Passed || outcome instanceof Outcome.Warned) {
                sound.add(check.id());
            }
            var finding = new Finding(check, outcome);
            findings.add(finding);
            told.accept(finding);
        }
        return new Diagnosis(findings);
    }

    private static Outcome look(Check check) {
        try {
            return check.probe().look();
        } catch (Failure failure) {
            return new Outcome.Failed(failure.message(), failure.hint());
        } catch (RuntimeException e) {
            return new Outcome.Failed("the check itself failed: " + e, "report this, with tp gather-logs");
        }
    }

    /** Whether nothing failed. */
    public boolean sound() {
        return findings.stream().noneMatch(each -> each.outcome() instanceof Outcome.Failed);
    }

    /** How many came to that. */
    public long count(Class<? extends Outcome> kind) {
        return findings.stream().filter(each -> kind.isInstance(each.outcome())).count();
    }

    /** As {@code tp doctor --output json} prints it; docs/doctor.md describes it. */
    public ObjectNode toJson() {
        ObjectNode node = Wire.JSON.createObjectNode().put("sound", sound());
        ArrayNode rows = node.putArray("checks");
        for (Finding finding : findings) {
            ObjectNode row = rows.addObject()
                    .put("id", finding.check().id())
                    .put("title", finding.check().title())
                    .put("outcome", finding.outcome().word())
                    .put("detail", finding.outcome().detail());
            if (!finding.outcome().fix().isEmpty()) {
                row.put("fix", finding.outcome().fix());
            }
        }
        return node;
    }
}
