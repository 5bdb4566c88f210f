package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.Distribution;
import io.busbar.runtime.Feature;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;

/** The distribution's bundles in a framework. */
@ExtendWith(InFramework.class)
class BundlesIT {

    @Test
    void everyBundleOfTheDistributionIsActive(BundleContext context) throws Exception {
        for (var feature : Feature.readAll(Distribution.home().resolve("features"))) {
            for (var id : feature.bundles()) {
                var bundle = Arrays.stream(context.getBundles())
                        .filter(installed -> installed.getLocation().endsWith("/" + id.fileName()))
                        .findFirst();
                assertThat(bundle).as(id.fileName()).hasValueSatisfying(
                        found -> assertThat(found.getState()).as(id.fileName()).isEqualTo(Bundle.ACTIVE));
            }
        }
    }

    @Test
    void everyComponentIsSatisfied(BundleContext context) {
        var runtime = context.getService(context.getServiceReference(ServiceComponentRuntime.class));

        assertThat(runtime.getComponentDescriptionDTOs()).allSatisfy(component ->
                assertThat(runtime.getComponentConfigurationDTOs(component)).as(component.name).allSatisfy(
                        configuration -> assertThat(configuration.state)
                                .as(component.name + ": unsatisfied "
                                        + Arrays.stream(configuration.unsatisfiedReferences)
                                                .map(reference -> reference.name + " " + reference.target)
                                                .toList()
                                        + ", failure " + configuration.failure)
                                .isIn(ComponentConfigurationDTO.SATISFIED, ComponentConfigurationDTO.ACTIVE)));
    }
}
