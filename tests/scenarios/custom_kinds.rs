//! Kinds that are not built in: defined by CustomResourceDefinitions, or stored although nobody defined them.

use super::run_text;

const DEFINITION: &str = r"
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget, shortNames: [ wd ] }
  versions:
    - name: v1
      served: true
      storage: true
      additionalPrinterColumns:
        - { name: Size, type: integer, jsonPath: .spec.size }
        - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [ size ]
              properties:
                size: { type: integer, minimum: 1 }
                color: { type: string, default: red }
---
apiVersion: example.com/v1
kind: Widget
metadata: { name: small, labels: { app: shop } }
spec: { size: 3 }
";

fn outputs(spec: &str, manifests: &str) -> Vec<String> {
    let text = format!("apiVersion: kubelapse/v1\nkind: Scenario\nspec:\n{spec}{manifests}");
    run_text(&text).0.steps.into_iter().map(|step| step.output).collect()
}

#[test]
fn a_definition_gives_its_kind_columns_defaults_and_validation() {
    let printed = outputs(
        r#"  until: 2m
  steps:
    - at: 1m
      mayFail: true
      kubectl:
        - get wd -l app=shop
        - get widgets.example.com small -o jsonpath={.apiVersion},{.spec.color}
        - describe widget small
        - "patch widget small --type=merge -p '{\"spec\":{\"size\":5}}'"
        - get crd widgets.example.com -o jsonpath='{.status.conditions[?(@.type=="Established")].status}'
        - "patch widget small --type=merge -p '{\"spec\":{\"size\":0}}'"
        - delete crd widgets.example.com
        - get widgets
"#,
        DEFINITION,
    );
    assert_eq!(printed[0], "NAME    SIZE   AGE\nsmall   3      60s\n");
    assert_eq!(printed[1], "example.com/v1,red");
    for line in ["API Version:  example.com/v1\n", "Kind:         Widget\n", "Spec:\n  Color:  red\n  Size:   3\n"] {
        assert!(printed[2].contains(line), "{line} in {}", printed[2]);
    }
    assert_eq!(printed[3], "widget.example.com/small patched\n");
    assert_eq!(printed[4], "True");
    assert_eq!(
        printed[5],
        "The Widget \"small\" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1\n"
    );
    assert_eq!(printed[6], "customresourcedefinition.apiextensions.k8s.io \"widgets.example.com\" deleted\n");
    assert_eq!(printed[7], "error: the server doesn't have a resource type \"widgets\"\n");
}

#[test]
fn objects_of_unknown_kinds_are_stored_if_the_scenario_wants_it() {
    let object = "---\napiVersion: monitoring.example.com/v1\nkind: Policy\nmetadata: { name: all }\nspec: { endpoints: [ { port: web } ] }\n";
    let printed = outputs(
        "  until: 2m\n  cluster: { unknownKinds: store }\n  steps: [ { at: 1m, kubectl: get policies } ]\n",
        object,
    );
    assert_eq!(printed, ["NAME   AGE\nall    60s\n"]);
}
