package io.busbar.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StatisticsTest {

    @Test
    void the_median_of_an_odd_number_of_values_is_the_middle_one() {
        assertThat(Statistics.median(new double[] {9, 1, 5})).isEqualTo(5);
    }

    @Test
    void the_median_of_an_even_number_of_values_is_the_mean_of_the_middle_two() {
        assertThat(Statistics.median(new double[] {9, 1, 5, 3})).isEqualTo(4);
    }

    @Test
    void values_stay_as_they_are() {
        double[] values = {3, 2, 1};
        Statistics.median(values);
        assertThat(values).containsExactly(3, 2, 1);
    }

    @Test
    void no_values_have_no_median() {
        assertThatThrownBy(() -> Statistics.median(new double[0])).hasMessageContaining("no values");
    }

    @Test
    void ratios_are_of_pairs() {
        assertThat(Statistics.ratios(new double[] {6, 8}, new double[] {3, 2})).containsExactly(2, 4);
        assertThatThrownBy(() -> Statistics.ratios(new double[1], new double[2])).hasMessageContaining("1 values over 2");
    }

    @Test
    void json_has_all_kinds_of_values() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("a\"b", List.of(1, 2.5, true, "line\n\\"));
        map.put("n", null);

        assertThat(Json.text(map)).isEqualTo("{\"a\\\"b\":[1,2.5,true,\"line\\u000a\\\\\"],\"n\":null}");
    }

    @Test
    void json_has_no_infinity() {
        assertThatThrownBy(() -> Json.text(Arrays.asList(1.0 / 0))).hasMessageContaining("Infinity");
    }
}
