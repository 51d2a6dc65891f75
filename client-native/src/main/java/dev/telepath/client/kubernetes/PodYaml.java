package dev.telepath.client.kubernetes;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/**
 * Pods as YAML that may be shown to others: no value of an application's environment, none of an argument that may be secret,
 * no annotation that repeats them. Values that come from a Secret stand in a pod as references only. Blocks.
 */
public final class PodYaml {
    private static final String MASK = "***";
    private static final String APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
    /** Of a variable or an argument that may hold one. */
    private static final Pattern SECRET = Pattern.compile("(?i).*(pass|secret|token|key|credential|auth).*");
    /** What the agent has of the environment of the container beside it. */
    private static final String COPIED = "TELEPATH_APP_";

    private static final Pattern CREDENTIALS = Pattern.compile("://[^/@\\s]+@");

    private PodYaml() {}

    /**
     * Collects the manager's pods, and those with an agent in the namespace of the workloads.
     *
     * @param workloads that namespace
     * @param found gets the name of each and its YAML
     * @param missing gets what could not be had and why
     */
    public static void collect(
            ClusterWay way,
            Settings settings,
            String workloads,
            BiConsumer<String, String> found,
            BiConsumer<String, String> missing) {
        try (var cluster = new Cluster(
                Kubeconfig.read(way.options(), settings.duration(Setting.KUBERNETES_LOGIN_TIMEOUT)),
                way.managerNamespace())) {
            add(() -> cluster.managers(), "pods of the manager", found, missing);
            add(() -> cluster.withAgent(workloads), "pods of namespace " + workloads, found, missing);
        } catch (Failure failure) {
            missing.accept("pods", failure.message());
        }
    }

    private interface Question {
        List<Pod> ask();
    }

    private static void add(
            Question question, String what, BiConsumer<String, String> found, BiConsumer<String, String> missing) {
        try {
            question.ask()
                    .forEach(pod -> found.accept(
                            pod.getMetadata().getNamespace() + "."
                                    + pod.getMetadata().getName(),
                            of(pod)));
        } catch (Failure failure) {
            missing.accept(what, failure.message());
        }
    }

    /** One pod, which is changed. */
    static String of(Pod pod) {
        var annotations = pod.getMetadata().getAnnotations();
        if (annotations != null) {
            annotations.remove(APPLIED);
        }
        pod.getMetadata().setManagedFields(null);
        mask(pod.getSpec().getContainers());
        mask(pod.getSpec().getInitContainers());
        return Serialization.asYaml(pod);
    }

    private static void mask(List<Container> containers) {
        for (Container each : containers) {
            for (EnvVar variable : each.getEnv()) {
                if (variable.getValue() != null && !variable.getValue().isEmpty() && !own(each, variable.getName())) {
                    variable.setValue(MASK);
                }
            }
            each.setArgs(masked(each.getArgs()));
            each.setCommand(masked(each.getCommand()));
        }
    }

    /** A setting of ours, which helps to see what is wrong. */
    private static boolean own(Container container, String variable) {
        return container.getName().startsWith("telepath-")
                && !variable.startsWith(COPIED)
                && !SECRET.matcher(variable).matches();
    }

    /** With {@code --token=VALUE} and {@code --token VALUE} masked alike, and users of addresses. */
    private static List<String> masked(List<String> arguments) {
        List<String> masked = new ArrayList<>();
        boolean secret = false;
        for (String each : arguments) {
            int equals = each.indexOf('=');
            String name = equals < 0 ? each : each.substring(0, equals);
            boolean flag = each.startsWith("-") && SECRET.matcher(name).matches();
            if (secret && !each.startsWith("-")) {
                masked.add(MASK);
            } else if (equals >= 0 && SECRET.matcher(name).matches()) {
                masked.add(name + "=" + MASK);
            } else {
                masked.add(CREDENTIALS.matcher(each).replaceAll("://" + MASK + "@"));
            }
            secret = flag && equals < 0;
        }
        return masked;
    }
}
